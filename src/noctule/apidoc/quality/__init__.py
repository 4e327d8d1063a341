"""What a document lacks or says wrongly, and the score that sums it up."""
