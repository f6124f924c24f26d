"""Survey and metrics domain: values in, values out. No Flask, no database, no clock."""
