//! Publications as the broker keeps them, after they were delivered.

use crate::{eligibility, member::Member, weight};
use bytestring::ByteString;
use wamplex_shared::{
    id::{PublicationId, SessionId},
    message::{EventDetails, Filters, PublishOptions},
    payload::Payload,
    uri::Uri,
};

/// An event that was published and is kept.
///
/// It owns all it holds: nothing in it keeps the frame alive that it came in.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptEvent {
    /// The id it was published under.
    pub publication: PublicationId,
    /// What it is about.
    pub topic: Uri,
    /// When it was published, in milliseconds since 1970.
    pub timestamp: u64,
    /// What subscribers were told, without the topic: who published was disclosed then or is not at all.
    pub details: EventDetails,
    /// The event itself.
    pub payload: Payload,
    /// For whom it was.
    pub audience: Audience,
}

/// For whom an event is, as its publisher said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audience {
    /// The publisher, unless it wanted its own event.
    pub excluded: Option<SessionId>,
    /// The lists.
    pub filters: Option<Box<Filters>>,
    /// The key by which it goes to one of several shards.
    pub rkey: Option<ByteString>,
}

impl KeptEvent {
    /// About how many bytes it takes up in memory.
    #[must_use]
    pub fn weight(&self) -> usize {
        /// The structure itself and its places in the tables.
        const HEAD: usize = 512;
        let Self { topic, payload, details, audience, .. } = self;
        let EventDetails { publisher_authid, publisher_authrole, transaction_hash, .. } = details;
        let texts = [publisher_authid, publisher_authrole, transaction_hash, &audience.rkey];
        HEAD + 2 * topic.as_str().len()
            + payload.bytes().len()
            + texts.into_iter().flatten().map(|text| text.len()).sum::<usize>()
            + details.passthru.as_deref().map_or(0, weight::passthru)
            + details.custom.iter().map(weight::custom).sum::<usize>()
            + audience.filters.as_deref().map_or(0, filters_weight)
    }

    /// A copy of the parts that may be slices of a frame, for [`new`](Self) values made while routing.
    pub(crate) fn detach(mut self) -> Self {
        self.topic = self.topic.detach();
        self.payload = self.payload.detach();
        weight::detach_details(&mut self.details);
        weight::detach(&mut self.details.publisher_authid);
        weight::detach(&mut self.details.publisher_authrole);
        self
    }
}

impl Audience {
    /// What the options of a PUBLISH by `publisher` say.
    pub(crate) fn new(options: &PublishOptions, publisher: SessionId) -> Self {
        let mut filters = options.filters.clone();
        if let Some(filters) = filters.as_deref_mut() {
            let Filters {
                exclude_authid,
                exclude_authrole,
                eligible_authid,
                eligible_authrole,
                ..
            } = filters;
            for list in [exclude_authid, exclude_authrole, eligible_authid, eligible_authrole] {
                for name in list.iter_mut().flatten() {
                    *name = ByteString::from(&**name);
                }
            }
        }
        let mut rkey = options.rkey.clone();
        weight::detach(&mut rkey);
        let excluded = (options.exclude_me != Some(false)).then_some(publisher);
        Self { excluded, filters, rkey }
    }

    /// Whether there are lists that keep it from some.
    pub(crate) fn is_restricted(&self) -> bool {
        self.filters.as_deref().is_some_and(|filters| *filters != Filters::default())
    }

    /// Whether this member would have received it.
    pub(crate) fn admits<H>(&self, member: &Member<H>) -> bool {
        self.excluded != Some(member.session()) && self.lists_admit(member)
    }

    /// Whether the lists admit this member, be it the publisher or not.
    pub(crate) fn lists_admit<H>(&self, member: &Member<H>) -> bool {
        self.filters.as_deref().is_none_or(|filters| eligibility::admits(filters, member))
    }
}

fn filters_weight(filters: &Filters) -> usize {
    let Filters {
        exclude,
        exclude_authid,
        exclude_authrole,
        eligible,
        eligible_authid,
        eligible_authrole,
    } = filters;
    let sessions =
        [exclude, eligible].into_iter().flatten().map(|l| l.len() * size_of::<SessionId>());
    let names = [exclude_authid, exclude_authrole, eligible_authid, eligible_authrole]
        .into_iter()
        .flatten()
        .flatten()
        .map(|name| size_of::<ByteString>() + name.len());
    size_of::<Filters>() + sessions.chain(names).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::passing::PassedOptions;
    use bytes::Bytes;
    use wamplex_shared::{
        codec,
        id::RequestId,
        message::{Message, Passthru, Publish},
        payload::PayloadShape,
        serializer::Serializer,
    };

    /// As the broker makes it of a PUBLISH, with text of this length wherever there can be any.
    fn kept(frame: &Bytes) -> KeptEvent {
        let Ok(Message::Publish(publish)) = codec::decode(Serializer::MsgPack, frame) else {
            panic!("this is no PUBLISH")
        };
        let Publish { options, topic, payload, .. } = publish;
        let hash = options.transaction_hash.clone();
        let event = KeptEvent {
            publication: PublicationId::new(1).unwrap(),
            topic,
            timestamp: 0,
            details: EventDetails {
                publisher_authid: hash.clone(),
                publisher_authrole: hash.clone(),
                transaction_hash: hash,
                passthru: options.passthru.clone(),
                custom: PassedOptions::new(["_note"]).unwrap().pick(&options.custom),
                ..EventDetails::default()
            },
            payload,
            audience: Audience::new(&options, SessionId::new(1).unwrap()),
        };
        event.detach()
    }

    fn frame(length: usize) -> Bytes {
        let text = || ByteString::from("x".repeat(length));
        let some = || Some(text());
        let names = || Some(vec![text(), text()]);
        let sessions = || Some(vec![SessionId::new(1).unwrap(); length]);
        let options = PublishOptions {
            rkey: some(),
            transaction_hash: some(),
            filters: Some(Box::new(Filters {
                exclude: sessions(),
                exclude_authid: names(),
                exclude_authrole: names(),
                eligible: sessions(),
                eligible_authid: names(),
                eligible_authrole: names(),
            })),
            passthru: Some(Box::new(Passthru {
                scheme: some(),
                serializer: some(),
                cipher: some(),
                keyid: some(),
                enc_algo: Some(format!("x_{}", text()).into()),
                enc_serializer: Some(format!("x_{}", text()).into()),
                enc_key: some(),
            })),
            custom: [("_note", "x".repeat(length / 2))].into_iter().collect(),
            ..PublishOptions::default()
        };
        let args = codec::write_values(Serializer::MsgPack, &[text().into()], &Default::default());
        let message =
            Publish { request: RequestId::FIRST, options, topic: Uri::from(text()), payload: args };
        codec::encode(Serializer::MsgPack, &message.into()).unwrap()
    }

    #[test]
    fn a_kept_event_holds_nothing_of_its_frame() {
        let frame = frame(40);
        let event = kept(&frame);
        assert!(frame.is_unique(), "{event:?} keeps its frame alive");
        assert_eq!(event.payload.shape(), PayloadShape::Args);
    }

    #[test]
    fn all_that_a_publisher_can_make_long_is_weighed() {
        let (short, long) = (kept(&frame(40)).weight(), kept(&frame(940)).weight());
        // 2 for the topic, 1 for the arguments, 4 texts in details and audience, 7 in passthru, 8 names in 4 lists.
        let texts = 2 + 1 + 4 + 7 + 8;
        let ids = 2 * size_of::<SessionId>();
        // And half a text that is handed on, since it may not be longer than 512.
        let difference = 900 * (texts + ids) + 450;
        // The arguments of the longer one have a longer header.
        assert!((difference..difference + 10).contains(&(long - short)), "{}", long - short);
        assert!(size_of::<KeptEvent>() < 512);
    }
}
