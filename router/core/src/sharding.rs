//! Which callee a key belongs to ("WAMP: Sharded Registration"), and which subscribers ("WAMP: Sharded Subscription").
//!
//! The specification has the options `runmode` and `rkey` and no rule for them. Ours is rendezvous hashing: a key and
//! each callee together make a number, and the callee with the highest one has the key. So all calls with one key go to
//! one callee, keys spread evenly, and when callees come or go only the keys move that the newcomer gets or the leaver
//! had.

use wamplex_shared::id::SessionId;

/// How much this session wants the calls with this key. Depends on nothing else, so that every router that knows the
/// same callees chooses the same one.
pub(crate) fn weight(key: &str, session: SessionId) -> u64 {
    mix(fnv1a(key.as_bytes()) ^ mix(session.get()))
}

/// How much this node of subscribers wants the events with this key; see [`weight`].
pub(crate) fn node_weight(key: &str, node: &str) -> u64 {
    mix(fnv1a(key.as_bytes()) ^ mix(fnv1a(node.as_bytes())))
}

/// The hash of Fowler, Noll and Vo (1a, 64 bits).
fn fnv1a(bytes: &[u8]) -> u64 {
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    bytes.iter().fold(BASIS, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(PRIME))
}

/// The last step of Steele's SplitMix64: every bit of the input changes about half of the bits of the output.
const fn mix(mut bits: u64) -> u64 {
    bits = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn owner(key: &str, sessions: &[u64]) -> u64 {
        let weight = |n: &&u64| weight(key, SessionId::new(**n).unwrap());
        *sessions.iter().max_by_key(weight).unwrap()
    }

    #[test]
    fn keys_spread_evenly_and_move_only_to_and_from_the_callee_that_comes_or_goes() {
        let (five, six) = ([1, 2, 3, 4, 5], [1, 2, 3, 4, 5, 6]);
        let mut owned: HashMap<u64, u32> = HashMap::new();
        for n in 0..10_000 {
            let key = format!("customer-{n}");
            let (before, after) = (owner(&key, &five), owner(&key, &six));
            assert!(before == after || after == 6, "{key} moved from {before} to {after}");
            *owned.entry(before).or_default() += 1;
        }
        assert!(owned.values().all(|n| (1_850..2_150).contains(n)), "{owned:?}");
    }

    #[test]
    fn the_owner_of_a_key_does_not_change_from_version_to_version() {
        // The values that the published algorithms have, and ours as another implementation of them computes it.
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(mix(0), 0xe220_a839_7b1d_cdaf);
        let session = SessionId::new(7).unwrap();
        assert_eq!(weight("", session), 10761896268195008625);
        assert_eq!(weight("a", session), 12937615768748818313);
        assert_eq!(node_weight("", "a"), 10971548706335379433);
        assert_eq!(node_weight("a", "b"), 2652017474410709821);
    }
}
