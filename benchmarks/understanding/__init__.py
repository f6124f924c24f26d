"""How well comments are understood: each figure beside its target and a plain baseline."""
