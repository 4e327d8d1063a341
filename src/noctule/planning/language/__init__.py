"""What a request says: words, phrases, verbs and names, in French and English."""
