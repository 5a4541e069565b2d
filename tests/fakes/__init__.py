"""Protocol fakes of the services Signalbox speaks to, driven by the real client libraries."""
