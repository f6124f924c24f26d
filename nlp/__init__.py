"""Text analysis: values in, values out. No Flask, no database, no clock."""
