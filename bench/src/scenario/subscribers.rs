//! The sessions of one thread that receive, and what they have received.

use super::{
    PATIENCE, Run,
    flow::{Flow, UNKNOWN},
    unexpected,
};
use crate::{
    error::{BenchError, Result},
    socket::{Out, Take},
    wire::{Head, Likeness, Tag},
};

/// The code of EVENT.
const EVENT: u64 = 36;

/// The sessions of one thread that receive, and what they have received.
#[derive(Debug)]
pub(super) struct Subscribers<'a> {
    thread: usize,
    flow: &'a Flow,
    run: &'a Run,
    /// By session on the poll loop: which subscriber it is.
    sessions: Vec<Option<usize>>,
    /// By subscriber and publisher: the event that has to come next; [`UNKNOWN`] if none may come.
    next: Vec<u64>,
    /// By subscriber: where the tag was found last.
    from_end: Vec<usize>,
    /// By subscriber: what its events are like.
    known: Vec<Known>,
    /// How many events have arrived.
    pub(super) received: u64,
    /// How many had arrived when progress was said last.
    said: u64,
    tolerant: bool,
    /// What went wrong, where that is tolerated.
    pub(super) faults: Faults,
    /// How long events took, in nanoseconds, where that is asked for.
    pub(super) latencies: Vec<u64>,
}

/// What the events of a subscriber are like.
#[derive(Debug, Default)]
struct Known {
    likeness: Option<Likeness>,
    /// How many in a row were not like that.
    others: u32,
    /// How many may be, before it is learned anew. Where no event is like another, that is tried less and less often.
    patience: u32,
}

/// How many events may be unlike the others: one in ten ids is a digit shorter in JSON.
const OTHERS: u32 = 4;

/// Events that did not come as they should have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Faults {
    /// How many never came.
    pub(super) lost: u64,
    /// How many came after a later one, or twice.
    pub(super) late: u64,
}

impl<'a> Subscribers<'a> {
    /// No sessions.
    pub(super) fn new(thread: usize, flow: &'a Flow, run: &'a Run, tolerant: bool) -> Self {
        Self {
            thread,
            flow,
            run,
            sessions: Vec::new(),
            next: Vec::new(),
            from_end: Vec::new(),
            known: Vec::new(),
            received: 0,
            said: 0,
            tolerant,
            faults: Faults::default(),
            latencies: Vec::new(),
        }
    }

    /// Takes note of the next session on the poll loop, which gets events of these publishers.
    pub(super) fn add(&mut self, hears: impl Fn(usize) -> bool) {
        self.sessions.push(Some(self.from_end.len()));
        self.from_end.push(Tag::LENGTH);
        self.known.push(Known::default());
        let first = |publisher| if hears(publisher) { 0 } else { UNKNOWN };
        self.next.extend((0..self.flow.publishers()).map(first));
        self.say_arrived();
    }

    /// Takes note of the next session on the poll loop, which receives nothing.
    pub(super) fn add_other(&mut self) {
        self.sessions.push(None);
    }

    /// How many sessions receive.
    pub(super) fn count(&self) -> usize {
        self.from_end.len()
    }

    /// Tells publishers how far the slowest subscriber of this thread is. Gives how many events that is further.
    pub(super) fn say_progress(&mut self) -> u64 {
        if self.received == self.said {
            return 0;
        }
        let arrived = self.received - self.said;
        self.said = self.received;
        self.run.count(self.thread, self.received);
        self.say_arrived();
        self.flow.wake_waiting(self.thread);
        arrived
    }

    fn say_arrived(&self) {
        let publishers = self.flow.publishers();
        self.flow.set_arrived(self.thread, |publisher| {
            let each = self.next.iter().skip(publisher).step_by(publishers);
            each.min().copied().unwrap_or(UNKNOWN)
        });
    }

    /// Whether all that was published has arrived here.
    pub(super) fn have_all(&self) -> bool {
        let Some(totals) = self.flow.totals() else { return false };
        let has_all = |(next, total): (&u64, &u64)| next == total || *next == UNKNOWN;
        self.next.chunks(totals.len().max(1)).all(|next| next.iter().zip(&totals).all(has_all))
    }

    /// What to make of events that do not come any more.
    ///
    /// # Errors
    /// Nobody may lose events.
    pub(super) fn give_up(&mut self) -> Result<()> {
        if let (true, Some(totals)) = (self.tolerant, self.flow.totals()) {
            let missing = self.next.chunks(totals.len().max(1)).flat_map(|next| {
                next.iter().zip(&totals).map(|(next, total)| total.saturating_sub(*next))
            });
            self.faults.lost += missing.sum::<u64>();
            return Ok(());
        }
        Err(BenchError::Wrong(format!(
            "events are missing: after {} of them nothing came for {} s",
            self.received,
            PATIENCE.as_secs()
        )))
    }

    /// An event that is not the next one.
    fn take_other(&mut self, expected: u64, found: u64) -> Result<u64> {
        if !self.tolerant {
            let what = if found > expected { "lost or overtaken" } else { "doubled or late" };
            return Err(BenchError::Wrong(format!(
                "events were {what}: number {found} arrived where {expected} should have"
            )));
        }
        if found > expected {
            self.faults.lost += found - expected;
            return Ok(found + 1);
        }
        self.faults.late += 1;
        self.faults.lost = self.faults.lost.saturating_sub(1);
        Ok(expected)
    }
}

impl Take for Subscribers<'_> {
    fn take(&mut self, session: usize, out: &mut Out, message: &[u8]) -> Result<()> {
        let serializer = out.framing.serializer();
        let head = Head::read(serializer, message)?;
        let (EVENT, Some(subscriber)) = (head.code, self.sessions[session]) else {
            return Err(unexpected(serializer, message));
        };
        let tag = Tag::find(message, &mut self.from_end[subscriber])?;
        let (sender, publishers) = (usize::from(tag.sender), self.flow.publishers());
        let place = subscriber * publishers + sender;
        let expected = if sender < publishers { self.next[place] } else { UNKNOWN };
        if expected == UNKNOWN {
            return Err(BenchError::Wrong("an event came to who should not get it".to_owned()));
        }
        self.next[place] = if tag.number == expected {
            expected + 1
        } else {
            self.take_other(expected, tag.number)?
        };
        self.received += 1;
        if self.flow.interval.is_some() && self.run.is_measuring() {
            let sent = self.flow.time(sender, tag.number);
            self.latencies.push(self.run.now().saturating_sub(sent));
        }
        Ok(())
    }

    fn remember(&mut self, session: usize, out: &Out, frame: &[u8], header: usize) {
        // How long an event took is noted where it is taken alone.
        let (Some(subscriber), None) = (self.sessions[session], self.flow.interval) else { return };
        let known = &mut self.known[subscriber];
        known.others += 1;
        if known.others >= known.patience {
            known.likeness = Likeness::of(out.framing.serializer(), frame, header);
            known.others = 0;
            known.patience = known.patience.saturating_mul(2).max(OTHERS);
        }
    }

    fn take_known(&mut self, session: usize, _out: &mut Out, bytes: &[u8]) -> usize {
        let Some(subscriber) = self.sessions[session] else { return 0 };
        let known = &mut self.known[subscriber];
        let Some(likeness) = &known.likeness else { return 0 };
        let publishers = self.flow.publishers();
        let next = &mut self.next[subscriber * publishers..][..publishers];
        let (mut taken, mut count) = (0, 0);
        // One that is not the next of its publisher is taken alone too: it is a fault.
        while let Some(tag) = likeness.tag(&bytes[taken..])
            && let Some(expected) = next.get_mut(usize::from(tag.sender))
            && *expected == tag.number
        {
            *expected += 1;
            taken += likeness.len();
            count += 1;
        }
        if count > 0 {
            (known.others, known.patience) = (0, OTHERS);
        }
        self.received += count;
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Framing, Incoming, Scanned, Transport, payload};
    use bytes::Bytes;
    use wamplex_shared::{
        codec,
        id::{PublicationId, SubscriptionId},
        message::{Event, EventDetails, Message},
        payload::Payload,
        serializer::Serializer,
    };

    fn event(serializer: Serializer, tag: Tag) -> Bytes {
        // The tag of a payload is the last thing in it that is text.
        let plain = payload(serializer, 40);
        let bytes = plain.bytes().to_vec();
        let old = Tag { sender: 0, number: 0 }.to_bytes();
        let at = bytes.windows(old.len()).position(|window| window == old).unwrap();
        let bytes = [&bytes[..at], &tag.to_bytes(), &bytes[at + old.len()..]].concat();
        let event = Event {
            subscription: SubscriptionId::new(5).unwrap(),
            publication: PublicationId::new(6).unwrap(),
            details: EventDetails::default(),
            payload: Payload::from_encoded(serializer, plain.shape(), Bytes::from(bytes)),
        };
        codec::encode(serializer, &Message::Event(event)).unwrap()
    }

    /// What becomes of these events of one publisher to one subscriber.
    fn take(serializer: Serializer, numbers: &[u64], tolerant: bool) -> Result<(u64, Faults)> {
        let (flow, run) = (Flow::new(1, 1, 1, None, None), Run::new(1));
        let mut subscribers = Subscribers::new(0, &flow, &run, tolerant);
        subscribers.add(|_| true);
        let mut out = Out::new(Framing::new(Transport::RawSocket, serializer, [0; 4]), 1);
        let mut frames = Vec::new();
        for &number in numbers {
            out.framing.write(&mut frames, &[&event(serializer, Tag { sender: 0, number })]);
        }
        let mut rest = &frames[..];
        while !rest.is_empty() {
            // As a socket does it.
            rest = &rest[subscribers.take_known(0, &mut out, rest)..];
            if let Scanned::Message { message, consumed } = Incoming::scan(&out.framing, rest)? {
                subscribers.take(0, &mut out, message)?;
                subscribers.remember(0, &out, &rest[..consumed], consumed - message.len());
                rest = &rest[consumed..];
            }
        }
        flow.set_total(0, 4);
        if !subscribers.have_all() {
            subscribers.give_up()?;
        }
        Ok((subscribers.received, subscribers.faults))
    }

    #[test]
    fn an_event_that_is_lost_doubled_or_out_of_order_is_noticed() {
        for serializer in Serializer::ALL {
            let none = Faults::default();
            assert_eq!(take(serializer, &[0, 1, 2, 3], false).unwrap(), (4, none));
            assert!(take(serializer, &[0, 1, 2, 3, 4], false).is_err(), "more than were sent");
            for (numbers, lost, late) in [
                (&[0, 1, 2][..], 1, 0),
                (&[0, 2, 3], 1, 0),
                (&[3], 3, 0),
                (&[], 4, 0),
                (&[0, 2, 1, 3], 0, 1),
            ] {
                assert!(take(serializer, numbers, false).is_err(), "{numbers:?}");
                let found = take(serializer, numbers, true).unwrap();
                assert_eq!(found, (numbers.len() as u64, Faults { lost, late }), "{numbers:?}");
            }
            assert!(take(serializer, &[0, 1, 1, 2, 3], false).is_err());
            assert_eq!(take(serializer, &[0, 1, 1, 2, 3], true).unwrap().1.late, 1);
        }
    }

    #[test]
    fn nothing_is_waited_for_of_publishers_that_are_not_heard() {
        let (flow, run) = (Flow::new(1, 2, 1, None, None), Run::new(1));
        let mut subscribers = Subscribers::new(0, &flow, &run, false);
        subscribers.add(|publisher| publisher == 1);
        let framing = Framing::new(Transport::RawSocket, Serializer::Json, [0; 4]);
        let mut out = Out::new(framing, 1);
        let of = |sender| event(Serializer::Json, Tag { sender, number: 0 });
        assert!(subscribers.take(0, &mut out, &of(0)).is_err());
        subscribers.take(0, &mut out, &of(1)).unwrap();
        assert_eq!(subscribers.say_progress(), 1);
        assert_eq!((flow.arrived(0), flow.arrived(1)), (UNKNOWN, 1));
        (0..2).for_each(|publisher| flow.set_total(publisher, 1));
        assert!(subscribers.have_all());
    }

    #[test]
    fn what_is_no_event_of_ours_ends_the_run() {
        let (flow, run) = (Flow::new(1, 1, 1, None, None), Run::new(1));
        let mut subscribers = Subscribers::new(0, &flow, &run, true);
        subscribers.add(|_| true);
        subscribers.add_other();
        let framing = Framing::new(Transport::RawSocket, Serializer::Json, [0; 4]);
        let mut out = Out::new(framing, 1);
        let ours = event(Serializer::Json, Tag { sender: 0, number: 0 });
        let other = event(Serializer::Json, Tag { sender: 1, number: 0 });
        assert!(subscribers.take(0, &mut out, &other).is_err());
        assert!(subscribers.take(1, &mut out, &ours).is_err());
        let said = br#"[3,{},"wamp.close.killed"]"#;
        let error = subscribers.take(0, &mut out, said).unwrap_err().to_string();
        assert_eq!(error, "the router sent ABORT wamp.close.killed");
        subscribers.take(0, &mut out, &ours).unwrap();
    }
}
