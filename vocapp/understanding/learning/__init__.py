"""Learning from corrections: versions of the model, their comparison, the past judged anew."""
