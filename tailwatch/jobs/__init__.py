"""Heavy work beside the engine: a million paths, ten years of days."""
