"""How what respondents see looks: of a workspace, or of one survey."""
