"""The formats of deliveries and signatures."""
