"""Where plans are executed and images run: on this machine, or on a cluster."""
