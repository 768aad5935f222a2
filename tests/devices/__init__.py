"""Live gear, on the simulator."""
