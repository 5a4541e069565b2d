"""What the team knows: documents cut into passages, found again, and quoted with their source."""
