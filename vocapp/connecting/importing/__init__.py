"""People and answers come in from a file. A kind of file is one module that has a `KIND`."""
