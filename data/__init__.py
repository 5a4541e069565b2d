"""What ships with Signalbox: guide, models, templates, prompts, samples."""
