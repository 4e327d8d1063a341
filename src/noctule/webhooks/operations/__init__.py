"""What an operator does with an inbox."""
