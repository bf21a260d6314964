//! Tickets.

use wamplex_shared::auth::ticket::{self, TicketHash};

#[test]
fn a_ticket_matches_itself_and_nothing_else() {
    let ticket = "secret!!!";
    let table = [
        ("secret!!!", true),
        ("", false),
        ("secret!!", false),
        ("secret!!!!", false),
        ("Secret!!!", false),
        ("secret!!! ", false),
        (" secret!!!", false),
        ("secret!!!\0", false),
        ("secret\u{ff01}!!", false),
    ];
    for (given, expected) in table {
        assert_eq!(ticket::matches(ticket, given), expected, "{given:?}");
        assert_eq!(TicketHash::of(ticket).matches(given), expected, "{given:?}");
    }
    assert!(!ticket::matches("", "x"));
}

#[test]
fn a_hash_that_was_kept_recognizes_the_ticket() {
    let kept = TicketHash::of("secret!!!").to_bytes();
    assert!(TicketHash::from_bytes(kept).matches("secret!!!"));
}

#[test]
fn the_challenge_has_nothing_but_its_method() {
    let challenge = ticket::challenge();
    assert_eq!(challenge.method, "ticket");
    assert!(challenge.extra.is_empty());
}
