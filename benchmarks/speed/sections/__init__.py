"""The parts of the suite; each module has functions from `Settings` to `Section`."""
