"""Asking: invitations, e-mail, and whom not to ask."""
