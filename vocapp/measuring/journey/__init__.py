"""The path of five A's: from the answers to a survey to where a brand loses people."""
