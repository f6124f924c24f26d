"""When people of a workspace work: hours, public holidays, absences."""
