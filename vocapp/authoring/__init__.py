"""Writing surveys: questions with an identity, versions that never change."""
