package monitoring

import (
	"maps"
	"math"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	qerrors "github.com/voilet/QuicFlow/pkg/errors"
	"github.com/voilet/QuicFlow/pkg/protocol"
)

// prefix is that of all metrics of ours.
const prefix = "quic_backbone_"

// metric is one of the metrics that come out of a snapshot.
type metric struct {
	name   string // without the prefix
	help   string
	kind   prometheus.ValueType
	labels []string
	each   func(s *Snapshot, emit emit)
}

// emit is told the value of a metric for some values of its labels.
type emit func(value float64, labels ...string)

// catalog lists the metrics that come out of a snapshot. Labels have values from
// a set that this version knows, never the id of a client or a text of a peer.
func catalog() []metric {
	return slices.Concat(connectionMetrics(), messageMetrics(), promiseMetrics(), errorMetrics(), reloadMetrics(), limitMetrics(), gauges(), recentMetrics())
}

func connectionMetrics() []metric {
	return []metric{
		counter("connections_total", "Sessions that began.", func(s *Snapshot) uint64 { return s.Connections }),
		counter("reconnects_total", "Sessions of a client that had one before, of the same process.", func(s *Snapshot) uint64 { return s.Reconnects }),
		counter("sessions_resumed_total", "Sessions that went on with a new connection, after theirs had ended.", func(s *Snapshot) uint64 { return s.Resumed }),
		byCode("disconnects_total", "Sessions that ended, by the code of why; ok is an orderly end.",
			func(s *Snapshot) map[qerrors.Code]uint64 { return s.Disconnected },
			qerrors.OK, qerrors.Internal, qerrors.Draining, qerrors.ProtocolViolation, qerrors.Replaced, qerrors.HeartbeatTimeout,
			qerrors.IdleTimeout, qerrors.Disconnected, qerrors.PeerRestarted, qerrors.TransportFailed),
		byCode("connections_refused_total", "Connections that did not become a session, by the code of why.",
			func(s *Snapshot) map[qerrors.Code]uint64 { return s.Refused },
			qerrors.ProtocolViolation, qerrors.HelloTimeout, qerrors.InvalidClientID, qerrors.TooManyClients, qerrors.Draining,
			qerrors.Unreachable, qerrors.BadCertificate, qerrors.Incompatible),
		counter("heartbeats_sent_total", "Pings and pongs sent.", func(s *Snapshot) uint64 { return s.HeartbeatsSent }),
		counter("heartbeats_received_total", "Pings and pongs received.", func(s *Snapshot) uint64 { return s.HeartbeatsReceived }),
		counter("heartbeat_timeouts_total", "Sessions given up because the peer was silent for too many checks.",
			func(s *Snapshot) uint64 { return s.HeartbeatTimeouts }),
	}
}

func messageMetrics() []metric {
	return []metric{
		counter("messages_sent_total", "Data messages accepted for sending, broadcasts once for each client.", func(s *Snapshot) uint64 { return s.MessagesSent }),
		counter("sent_bytes_total", "Bytes of payload of data messages accepted for sending.", func(s *Snapshot) uint64 { return s.BytesSent }),
		counter("messages_received_total", "Data messages received.", func(s *Snapshot) uint64 { return s.MessagesReceived }),
		counter("received_bytes_total", "Bytes of payload of data messages received.", func(s *Snapshot) uint64 { return s.BytesReceived }),
		byCode("messages_failed_total", "Sends that ended with an error instead of an acknowledgement, by its code.",
			func(s *Snapshot) map[qerrors.Code]uint64 { return s.Failed },
			qerrors.InvalidArgument, qerrors.PayloadTooLarge, qerrors.Canceled, qerrors.Timeout, qerrors.Draining, qerrors.NotConnected,
			qerrors.UnknownClient, qerrors.ConnectionLost, qerrors.TooManyPromises, qerrors.PermissionDenied),
		{"acknowledgements_total", "Acknowledgements that came for messages sent, by their status; those that say that the time was over count as failed sends.",
			prometheus.CounterValue, []string{"status"}, func(s *Snapshot, emit emit) {
				for _, status := range []protocol.AckStatus{protocol.AckStatus_ACK_STATUS_SUCCESS, protocol.AckStatus_ACK_STATUS_FAILURE} {
					emit(float64(s.Answered[status]), status.Name())
				}
			}},
		byCode("messages_dropped_total", "Messages lost that no acknowledgement was asked for, or left out of a broadcast, by the code of why.",
			func(s *Snapshot) map[qerrors.Code]uint64 { return s.Dropped },
			qerrors.ConnectionLost, qerrors.QueueFull, qerrors.PayloadTooLarge, qerrors.Draining, qerrors.Canceled, qerrors.Timeout, qerrors.PermissionDenied),
		{"messages_handled_total", "Received messages that were answered, by type and the status of the answer.",
			prometheus.CounterValue, []string{"type", "status"}, eachAnswer},
		byCode("handler_failures_total", "Received messages that were answered with a failure, by its code.",
			func(s *Snapshot) map[qerrors.Code]uint64 { return s.HandlerFailures },
			qerrors.PayloadTooLarge, qerrors.NoHandler, qerrors.HandlerFailed, qerrors.HandlerPanic, qerrors.HandlerTimeout,
			qerrors.DeadlinePassed, qerrors.HandlerCanceled, qerrors.PermissionDenied),
		counter("handler_panics_total", "Handlers that panicked; the sender was told so.",
			func(s *Snapshot) uint64 { return s.HandlerFailures[qerrors.HandlerPanic] }),
		counter("messages_resent_total", "Messages sent again on a new connection, because no acknowledgement had come on the one before.",
			func(s *Snapshot) uint64 { return s.Resent }),
		counter("messages_repeated_total", "Messages that came again and had been received before: they were not handled again, but answered from memory.",
			func(s *Snapshot) uint64 { return s.Repeated }),
		counter("broadcasts_total", "Broadcasts.", func(s *Snapshot) uint64 { return s.Broadcasts }),
		counter("broadcast_targets_total", "Clients that broadcasts were queued for.", func(s *Snapshot) uint64 { return s.BroadcastTargets }),
	}
}

func promiseMetrics() []metric {
	return []metric{
		counter("promises_created_total", "Acknowledgements that were awaited.", func(s *Snapshot) uint64 { return s.Promises.Created }),
		counter("promises_completed_total", "Acknowledgements that came.", func(s *Snapshot) uint64 { return s.Promises.Completed }),
		counter("promises_timed_out_total", "Acknowledgements that did not come in time.", func(s *Snapshot) uint64 { return s.Promises.TimedOut }),
		counter("promises_canceled_total", "Acknowledgements that the caller no longer waited for.", func(s *Snapshot) uint64 { return s.Promises.Canceled }),
		counter("promises_lost_total", "Acknowledgements that were awaited when the session ended.", func(s *Snapshot) uint64 { return s.Promises.Lost }),
		counter("promises_rejected_total", "Sends refused because too many acknowledgements were awaited, or the session had ended.",
			func(s *Snapshot) uint64 { return s.Promises.Rejected }),
	}
}

func errorMetrics() []metric {
	return []metric{
		counter("encoding_errors_total", "Messages that could not be encoded.", func(s *Snapshot) uint64 { return s.EncodingErrors }),
		counter("decoding_errors_total", "Frames from peers that could not be decoded.", func(s *Snapshot) uint64 { return s.DecodingErrors }),
		byCode("network_errors_total", "Connections that the network did not let come to be, or did not keep, by the code of why.",
			func(s *Snapshot) map[qerrors.Code]uint64 { return s.NetworkErrors },
			qerrors.Unreachable, qerrors.IdleTimeout, qerrors.PeerRestarted, qerrors.TransportFailed),
		counter("events_dropped_total", "Events that hooks were not told of, because they were too slow.", func(s *Snapshot) uint64 { return s.EventsDropped }),
		counter("quic_packets_lost_total", "QUIC packets sent and declared lost; QUIC sends what was in them again. Sampled.", func(s *Snapshot) uint64 { return s.PacketsLost }),
		counter("quic_lost_bytes_total", "Bytes of the QUIC packets that were declared lost. Sampled.", func(s *Snapshot) uint64 { return s.BytesLost }),
	}
}

func gauges() []metric {
	return []metric{
		gauge("connected_clients", "Clients connected; on a client, 1 while it is connected.", func(s *Snapshot) int { return s.ConnectedClients }),
		gauge("max_clients", "Clients that may be connected; on a client 0.", func(s *Snapshot) int { return s.MaxClients }),
		gauge("active_promises", "Acknowledgements awaited now.", func(s *Snapshot) int { return s.Promises.Active }),
		gauge("max_promises", "Acknowledgements that may be awaited.", func(s *Snapshot) int { return s.Promises.Max }),
		gauge("dispatcher_queue_depth", "Received messages that wait for a worker.", func(s *Snapshot) int { return s.DispatcherQueued }),
		gauge("dispatcher_queue_capacity", "Received messages that may wait before senders are slowed down.", func(s *Snapshot) int { return s.DispatcherCapacity }),
		gauge("dispatcher_busy_workers", "Handlers that run.", func(s *Snapshot) int { return s.DispatcherBusy }),
		gauge("dispatcher_workers", "Handlers that may run at once.", func(s *Snapshot) int { return s.DispatcherWorkers }),
		gauge("outgoing_queue_bytes", "Bytes that wait to be sent, of all connections.", func(s *Snapshot) int { return s.OutgoingBytes }),
		measured("outgoing_queue_fullest_ratio", "How full the fullest outgoing queue of a connection is, from 0 to 1; at 1 senders of its priority wait, and broadcasts skip the client.",
			func(s *Snapshot) float64 { return s.OutgoingFullest }),
		measured("certificate_expiry_timestamp_seconds", "When the certificate expires that this side shows to its peers, as Unix time; 0 without one.", expiry),
		measured("uptime_seconds", "Time since the server or client was made.", func(s *Snapshot) float64 { return s.Uptime.Seconds() }),
	}
}

func expiry(s *Snapshot) float64 {
	if s.CertificateExpires.IsZero() {
		return 0
	}
	return float64(s.CertificateExpires.Unix())
}

// recentMetrics are of the last minute or so, see [Recent].
func recentMetrics() []metric {
	latency := func(name, what string, of func(Distribution) time.Duration) metric {
		return measured("latency_"+name+"_milliseconds", what+" of acknowledged round trips of about the last minute; NaN if there were none.",
			func(s *Snapshot) float64 {
				if s.Recent.Latency.Count == 0 {
					return math.NaN()
				}
				return of(s.Recent.Latency).Seconds() * 1000
			})
	}
	return []metric{
		{"throughput_messages_per_second", "Data messages a second over about the last minute.", prometheus.GaugeValue, []string{"direction"},
			func(s *Snapshot, emit emit) {
				emit(s.Recent.SentPerSecond, "sent")
				emit(s.Recent.ReceivedPerSecond, "received")
			}},
		latency("average", "Mean", Distribution.Average),
		latency("p50", "Median", func(d Distribution) time.Duration { return d.P50 }),
		latency("p95", "95th percentile", func(d Distribution) time.Duration { return d.P95 }),
		latency("p99", "99th percentile", func(d Distribution) time.Duration { return d.P99 }),
	}
}

func counter(name, help string, of func(*Snapshot) uint64) metric {
	return metric{name, help, prometheus.CounterValue, nil, func(s *Snapshot, emit emit) { emit(float64(of(s))) }}
}

func gauge(name, help string, of func(*Snapshot) int) metric {
	return measured(name, help, func(s *Snapshot) float64 { return float64(of(s)) })
}

func measured(name, help string, of func(*Snapshot) float64) metric {
	return metric{name, help, prometheus.GaugeValue, nil, func(s *Snapshot, emit emit) { emit(of(s)) }}
}

// byCode returns a counter for each code. The usual ones are there from the
// beginning, with 0: Prometheus sees no increase in a series that begins with 1.
func byCode(name, help string, of func(*Snapshot) map[qerrors.Code]uint64, usual ...qerrors.Code) metric {
	return metric{name, help, prometheus.CounterValue, []string{"reason"}, func(s *Snapshot, emit emit) {
		counts := of(s)
		codes := append(slices.Collect(maps.Keys(counts)), usual...)
		slices.Sort(codes)
		for _, code := range slices.Compact(codes) {
			emit(float64(counts[code]), code.String())
		}
	}}
}

func eachAnswer(s *Snapshot, emit emit) {
	for _, status := range []protocol.AckStatus{
		protocol.AckStatus_ACK_STATUS_SUCCESS, protocol.AckStatus_ACK_STATUS_FAILURE, protocol.AckStatus_ACK_STATUS_TIMEOUT,
	} {
		for t := range protocol.MessageType(numTypes) {
			emit(float64(s.Handled[Answer{t, status}]), t.Name(), status.Name())
		}
	}
}
