"""What probes of several topics share: finding a container, asking its service, why it stopped."""
