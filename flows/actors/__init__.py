"""Actors: the logic of the keyed, stateful steps of a flow. They own their state and read no clock."""
