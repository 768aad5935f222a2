"""What is the same for every IPAM: the models, the client, reading, writing, and how it relates to a network."""
