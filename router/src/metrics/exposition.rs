//! The numbers of a router as text.

use super::{latency::Histogram, process::Process};
use crate::{config::SlowConsumerPolicy, realm::RealmCell, shared::Shared};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeLabelSet, MetricEncoder, NoLabelSet as NoLabels, text},
    metrics::MetricType,
    registry::{Registry, Unit},
};
use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Weak, atomic::Ordering::Relaxed},
};
use wamplex_realm::{CallEnd, Census};

/// How many realms have numbers of their own. Those that were opened later share the label `other`: a name is chosen by
/// whoever joins a realm made on demand, and must not make the page grow for ever.
const REALMS: usize = 100;

/// The label of realms that have no numbers of their own.
const OTHER: &str = "other";

/// The numbers of a router now.
pub(crate) fn expose(shared: &Arc<Shared>) -> String {
    let mut registry = Registry::with_prefix("wamplex");
    registry.register_collector(Box::new(Scrape(Arc::downgrade(shared))));
    let mut page = String::new();
    // Writing to a string does not fail, and everything else here is ours.
    let written = text::encode(&mut page, &registry);
    debug_assert!(written.is_ok(), "{written:?}");
    page
}

/// A router, to be read once.
struct Scrape(Weak<Shared>);

/// One number of a realm.
type Count = fn(&Census) -> usize;

/// The labels of one number.
type Labels<'a> = Vec<(&'static str, &'a str)>;

impl fmt::Debug for Scrape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scrape")
    }
}

impl Collector for Scrape {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Some(shared) = self.0.upgrade() else { return Ok(()) };
        let mut page = Page { encoder };
        page.router(&shared)?;
        page.realms(&by_label(shared.realms.all()))?;
        page.process()
    }
}

/// The realms behind each label, in the order of the labels.
fn by_label(mut realms: Vec<Arc<RealmCell>>) -> BTreeMap<String, Vec<Arc<RealmCell>>> {
    realms.sort_by_key(|realm| realm.number());
    let mut labeled = BTreeMap::<_, Vec<_>>::new();
    for (place, realm) in realms.into_iter().enumerate() {
        let label = if place < REALMS { realm.name().as_str() } else { OTHER };
        labeled.entry(label.to_owned()).or_default().push(realm);
    }
    labeled
}

struct Page<'a> {
    encoder: DescriptorEncoder<'a>,
}

impl Page<'_> {
    fn router(&mut self, shared: &Shared) -> fmt::Result {
        let version = [("version", env!("CARGO_PKG_VERSION"))];
        self.encoder
            .encode_descriptor("build", "The version of the router", None, MetricType::Info)?
            .encode_info(&version)?;
        for (name, help, count) in shared.tally.read().named() {
            let mut metric = self.family(name, help, None, MetricType::Counter)?;
            metric.encode_counter::<NoLabels, _, u64>(&count, None)?;
        }
        let help = "HELLOs that were answered with ABORT, by reason";
        let mut family = self.family("refusals", help, None, MetricType::Counter)?;
        for (reason, count) in shared.refusals.read() {
            encode_count(&mut family, &vec![("reason", reason)], count)?;
        }
        self.gauge("connections_open", "Connections that are open", shared.open_connections())?;
        let waiting = "Bytes that wait to be sent, of all sessions together";
        self.gauge("outbox_bytes", waiting, shared.waiting_bytes())?;
        let draining = "Whether the router is shutting down";
        self.gauge("draining", draining, i64::from(shared.is_draining()))
    }

    fn realms(&mut self, realms: &BTreeMap<String, Vec<Arc<RealmCell>>>) -> fmt::Result {
        let census: Vec<_> = realms.iter().map(|(label, of)| (&**label, census(of))).collect();
        let counts: [(_, _, Count); 4] = [
            ("sessions", "Sessions that are open", |census| census.sessions),
            ("subscriptions", "Topics and patterns subscribed to", |census| census.subscriptions),
            ("registrations", "Procedures and patterns registered", |census| census.registrations),
            ("calls_open", "Calls that are not answered yet", |census| census.calls),
        ];
        for (name, help, count) in counts {
            let mut family = self.family(name, help, None, MetricType::Gauge)?;
            for (realm, census) in &census {
                let labels: Labels<'_> = vec![("realm", realm)];
                family.encode_family(&labels)?.encode_gauge(&to_i64(count(census)))?;
            }
        }
        self.messages(realms)?;
        self.bytes(realms)?;
        self.dropped(realms)?;
        self.calls(realms)
    }

    fn messages(&mut self, realms: &BTreeMap<String, Vec<Arc<RealmCell>>>) -> fmt::Result {
        let help = "WAMP messages, by realm, direction and type";
        let mut family = self.family("messages", help, None, MetricType::Counter)?;
        for (realm, cells) in realms {
            let mut counts = BTreeMap::<_, u64>::new();
            for cell in cells {
                let traffic = cell.traffic();
                for (direction, flow) in [("in", traffic.received()), ("out", traffic.sent())] {
                    for (code, count) in flow.messages() {
                        *counts.entry((direction, code.name())).or_default() += count;
                    }
                }
            }
            for ((direction, kind), count) in counts {
                let labels = vec![("realm", &**realm), ("direction", direction), ("type", kind)];
                encode_count(&mut family, &labels, count)?;
            }
        }
        Ok(())
    }

    fn bytes(&mut self, realms: &BTreeMap<String, Vec<Arc<RealmCell>>>) -> fmt::Result {
        let help = "Bytes of WAMP messages without transport headers, by realm and direction";
        let unit = Some(&Unit::Bytes);
        let mut family = self.family("message", help, unit, MetricType::Counter)?;
        for (realm, cells) in realms {
            let received = cells.iter().map(|cell| cell.traffic().received().bytes()).sum();
            let sent = cells.iter().map(|cell| cell.traffic().sent().bytes()).sum();
            for (direction, count) in [("in", received), ("out", sent)] {
                let labels = vec![("realm", &**realm), ("direction", direction)];
                encode_count(&mut family, &labels, count)?;
            }
        }
        Ok(())
    }

    fn dropped(&mut self, realms: &BTreeMap<String, Vec<Arc<RealmCell>>>) -> fmt::Result {
        let help =
            "Events that were dropped because their subscriber was too slow, by realm and policy";
        let mut family = self.family("events_dropped", help, None, MetricType::Counter)?;
        for (realm, cells) in realms {
            for policy in SlowConsumerPolicy::ALL {
                let counts = cells.iter().map(|cell| cell.traffic().dropped(policy));
                let count = counts.map(|count| count.load(Relaxed)).sum();
                if count > 0 {
                    let labels = vec![("realm", &**realm), ("policy", policy.word())];
                    encode_count(&mut family, &labels, count)?;
                }
            }
        }
        Ok(())
    }

    fn calls(&mut self, realms: &BTreeMap<String, Vec<Arc<RealmCell>>>) -> fmt::Result {
        let help = "Time from CALL to the last answer, by realm and by how the call ended";
        let unit = Some(&Unit::Seconds);
        let mut family = self.family("call_duration", help, unit, MetricType::Histogram)?;
        for (realm, cells) in realms {
            for how in CallEnd::ALL {
                let Some(all) = together(cells.iter().map(|cell| cell.traffic().calls(how).read()))
                else {
                    continue;
                };
                let labels: Labels<'_> = vec![("realm", realm), ("end", name_of(how))];
                let Histogram { buckets, count, sum } = all;
                let mut metric = family.encode_family(&labels)?;
                metric.encode_histogram::<NoLabels>(sum, count, &buckets, None)?;
            }
        }
        Ok(())
    }

    fn process(&mut self) -> fmt::Result {
        let Some(Process { resident_bytes, cpu_seconds, open_files }) = Process::read() else {
            return Ok(());
        };
        let memory = "Memory in use by this process";
        self.family("process_resident_memory", memory, Some(&Unit::Bytes), MetricType::Gauge)?
            .encode_gauge(&to_i64(resident_bytes))?;
        let cpu = "Processor time of this process, in the program and in the system";
        self.family("process_cpu", cpu, Some(&Unit::Seconds), MetricType::Counter)?
            .encode_counter::<NoLabels, _, u64>(&cpu_seconds, None)?;
        self.gauge("process_open_files", "Open files and sockets of this process", open_files)
    }

    fn gauge(&mut self, name: &str, help: &str, value: impl TryInto<i64>) -> fmt::Result {
        self.family(name, help, None, MetricType::Gauge)?.encode_gauge(&to_i64(value))
    }

    fn family<'s>(
        &'s mut self,
        name: &'s str,
        help: &str,
        unit: Option<&'s Unit>,
        kind: MetricType,
    ) -> Result<MetricEncoder<'s>, fmt::Error> {
        self.encoder.encode_descriptor(name, help, unit, kind)
    }
}

fn encode_count(
    family: &mut MetricEncoder<'_>,
    labels: &impl EncodeLabelSet,
    count: u64,
) -> fmt::Result {
    family.encode_family(labels)?.encode_counter::<NoLabels, _, u64>(&count, None)
}

fn census(realms: &[Arc<RealmCell>]) -> Census {
    let mut all = Census::default();
    for realm in realms {
        let one = realm.read().census();
        all.sessions += one.sessions;
        all.subscriptions += one.subscriptions;
        all.registrations += one.registrations;
        all.calls += one.calls;
    }
    all
}

/// The sum of histograms; `None` if nothing was noted in any.
fn together(histograms: impl Iterator<Item = Histogram>) -> Option<Histogram> {
    let all = histograms.reduce(|mut all, one| {
        all.count += one.count;
        all.sum += one.sum;
        for (bucket, (_, more)) in all.buckets.iter_mut().zip(one.buckets) {
            bucket.1 += more;
        }
        all
    });
    all.filter(|all| all.count > 0)
}

const fn name_of(how: CallEnd) -> &'static str {
    match how {
        CallEnd::Answered => "answered",
        CallEnd::Canceled => "canceled",
        CallEnd::TimedOut => "timed_out",
        CallEnd::CalleeLeft => "callee_left",
        // Also what later versions of the realm may add.
        CallEnd::Failed | _ => "failed",
    }
}

/// Numbers beyond what a gauge can say are as large as it can say.
fn to_i64(value: impl TryInto<i64>) -> i64 {
    value.try_into().unwrap_or(i64::MAX)
}
