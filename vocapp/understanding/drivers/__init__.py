"""What moves a survey's score: computed by a job on a sample, kept, shown with its date."""
