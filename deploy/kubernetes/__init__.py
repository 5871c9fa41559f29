"""Documents for a Kubernetes cluster, and what makes those of them that follow from the program."""
