package tracing

// NewExporter is New with what stands for the collector.
var NewExporter = newExporter
