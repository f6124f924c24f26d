"""What customers say: themes, sentiment, evidence, corrections."""
