"""Data comes in and goes out whole: files of people and answers, backups."""
