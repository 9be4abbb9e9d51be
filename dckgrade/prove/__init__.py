"""What proves the labs: real engines to use up, and cases to put them into."""
