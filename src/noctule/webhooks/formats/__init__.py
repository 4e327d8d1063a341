"""The formats in which deliveries and signatures come."""
