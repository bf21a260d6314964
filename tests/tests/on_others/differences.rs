//! Where another router does something else than our scripts say, and why we keep what they say.

use wamplex_tests::harness::Quirk;

/// Scripts that fail for one reason.
#[derive(Debug)]
pub(crate) struct Difference {
    /// Their names without the ending.
    pub(crate) scripts: &'static [&'static str],
    /// What the other router does instead.
    pub(crate) theirs: &'static str,
    /// Why we do not.
    pub(crate) ours: &'static str,
}

/// What Crossbar 26.10 does in so many scripts that it is translated: what it does instead, and why we do not.
pub(crate) const CROSSBAR_QUIRKS: &[(Quirk, &str, &str)] = &[
    (
        Quirk::InvocationIds,
        "It counts invocations for all callees of the realm together.",
        "\"WAMP: IDs\" counts the requests of each session and direction from one: a callee learns nothing about others.",
    ),
    (
        Quirk::GoodbyeReason,
        "It answers GOODBYE with `wamp.close.normal`.",
        "That appears in examples only; the text has `wamp.close.goodbye_and_out`.",
    ),
    (
        Quirk::CloseWithoutAbort,
        "It closes the transport when the protocol is violated.",
        "\"WAMP: Protocol Errors\" wants ABORT before, and people who write clients want its message.",
    ),
    (
        Quirk::CalleeDisclosed,
        "It tells every caller who the callee was.",
        "No feature announces it, and no callee is asked.",
    ),
    (
        Quirk::RouterDisclosed,
        "It tells subscribers of meta events which session of the router has published them.",
        "No session has: they come from the router itself.",
    ),
];

/// Features that Crossbar does not have, by the names that scripts have for them: whatever shows them may fail.
pub(crate) const CROSSBAR_LACKS: &[(&str, &str)] = &[
    (
        "progressive_call_invocations",
        "The parts of a call are calls, and what announces more of them is dropped.",
    ),
    ("call_reroute", "`wamp.error.unavailable` is an error like any other."),
    ("sharded_registration", "The keys of a call are dropped."),
    ("sharded_subscription", "The keys of publications and subscriptions are dropped."),
    ("procedure_reflection", "There is no `wamp.reflection.`, and schemas are dropped."),
    ("topic_reflection", "There is no `wamp.reflection.`, and schemas are dropped."),
    ("payload_passthru_mode", "Its keys are dropped, and the payload goes on without them."),
];

/// What it does otherwise.
pub(crate) const CROSSBAR: &[Difference] = &[
    Difference {
        scripts: &["meta/session_count_and_list", "meta/sessions_by_authrole"],
        theirs: "The session by which this test notices that others have left is counted and listed too.",
        ours: "It is of the test's making, and no difference between the routers.",
    },
    Difference {
        scripts: &[
            "meta/kill",
            "meta/kill_says_why",
            "meta/remove_subscriber",
            "meta/a_killed_session_is_heard_no_more",
        ],
        theirs: "A procedure of the meta API that has no result answers with one argument, null.",
        ours: "\"WAMP: Session Meta API\" gives them no result, and a client that reads one would read null for it either way.",
    },
    Difference {
        scripts: &[
            "meta/kill_all",
            "meta/testament_on_leaving",
            "meta/testament_options",
            "meta/testament_scopes",
            "meta/testaments_are_limited",
            "meta/testaments_can_be_flushed",
            "pubsub/retained_testament",
        ],
        theirs: "`add_testament` answers with an id.",
        ours: "The specification gives it no result, and nothing can be done with the id.",
    },
    Difference {
        scripts: &["meta/arguments_of_the_wrong_kind"],
        theirs: "An argument of the wrong kind is `wamp.error.runtime_error`, the text of an exception.",
        ours: "`wamp.error.invalid_argument` is the URI that the specification has for it.",
    },
    Difference {
        scripts: &[
            "meta/events_of_the_protocol_go_only_to_those_who_ask",
            "meta/subscription_match",
            "pubsub/prefix_with_a_dot_and_empty",
            "pubsub/wildcards_in_every_place",
        ],
        theirs: "Subscriptions to the empty prefix or to wildcards alone receive the meta events of everybody, their own subscriptions included.",
        ours: "Whoever asks for everything asks for what applications publish; who wants meta events names their namespace.",
    },
    Difference {
        scripts: &["meta/on_leave_tells_who", "meta/leaving_is_announced_with_all_it_ends"],
        theirs: "The event of a session that leaves has the id of the session alone.",
        ours: "\"WAMP: Session Meta API\" has the id, the authid and the role, which can no longer be asked for afterwards.",
    },
    Difference {
        scripts: &[
            "meta/on_join_tells_who",
            "meta/session_get",
            "session/welcome_names_the_session_and_what_the_router_can_do",
        ],
        theirs: "Details of a session hold where it connects from, and what the node calls itself.",
        ours: "What the specification lists is what every session may see of another; addresses are not among it.",
    },
    Difference {
        scripts: &["meta/kill_by_authid"],
        theirs: "A killed session is there until it has answered GOODBYE.",
        ours: "It may never answer, and whoever kills it wants it gone.",
    },
    Difference {
        scripts: &["meta/kill_by_authrole"],
        theirs: "The sessions killed for their role are listed.",
        ours: "\"WAMP: Session Meta API\" has them counted, unlike those killed for their authid.",
    },
    Difference {
        scripts: &["meta/kill_what_cannot_be_killed"],
        theirs: "A session may kill itself.",
        ours: "\"WAMP: Session Meta API\" has `wamp.error.no_such_session` for that.",
    },
    Difference {
        scripts: &["meta/registration_events", "rpc/shared_policies_must_agree"],
        theirs: "A second callee under another policy is `wamp.error.procedure_exists_with_different_invocation_policy`.",
        ours: "The specification has no URI of its own for it: `wamp.error.procedure_already_exists` covers it.",
    },
    Difference {
        scripts: &["meta/remove_callee"],
        theirs: "`remove_callee` fails inside.",
        ours: "It takes the callee out, as its counterpart does with subscribers.",
    },
    Difference {
        scripts: &["meta/remove_callee_that_is_none"],
        theirs: "A session that is no callee of the registration is `wamp.error.no_such_registration`.",
        ours: "The registration is there; it is the session that is not: `wamp.error.no_such_session`.",
    },
    Difference {
        scripts: &["meta/subscription_list"],
        theirs: "Wildcard subscriptions are missing in the list.",
        ours: "\"WAMP: Subscription Meta API\" lists all three kinds.",
    },
    Difference {
        scripts: &["meta/watching_is_not_watched"],
        theirs: "Subscribers of a topic of the protocol cannot be listed.",
        ours: "Nothing in the specification sets them apart, and operators ask for just those.",
    },
    Difference {
        scripts: &[
            "meta/what_the_protocol_does_not_offer",
            "pubsub/publish_to_what_is_no_uri",
            "pubsub/topics_that_are_no_uri",
            "rpc/procedures_that_are_no_uri",
            "rpc/callee_error_that_is_no_uri",
        ],
        theirs: "What is no URI closes the transport, without a word.",
        ours: "\"WAMP: URIs\" has the ERROR `wamp.error.invalid_uri` for it, and the session goes on.",
    },
    Difference {
        scripts: &["pubsub/reserved_topics", "rpc/reserved_procedures"],
        theirs: "The reserved namespace is `wamp.error.invalid_uri`.",
        ours: "The URI is valid, and not allowed: `wamp.error.not_authorized`.",
    },
    Difference {
        scripts: &["pubsub/namespace_of_the_router_is_reserved"],
        theirs: "Only `wamp.` is reserved.",
        ours: "Ours has procedures of its own beside those of the specification, in a namespace of its own.",
    },
    Difference {
        scripts: &["rpc/patterns_do_not_reach_into_the_protocol"],
        theirs: "A pattern that matches procedures of the protocol is called for those that do not exist.",
        ours: "\"WAMP: URIs\" keeps the namespace for the protocol, whoever registers.",
    },
    Difference {
        scripts: &["pubsub/empty_eligible_means_nobody"],
        theirs: "An empty list of those eligible counts as none.",
        ours: "Nobody is on it: a publisher whose list has become empty must not reach everybody.",
    },
    Difference {
        scripts: &[
            "pubsub/publisher_identification",
            "pubsub/retained_event_keeps_what_was_disclosed",
            "rpc/caller_identification",
            "rpc/caller_identification_asked_for",
        ],
        theirs: "The role of a publisher or caller decides whether it is disclosed, and `disclose_me` is dropped.",
        ours: "\"WAMP: Publisher Identification\" and \"WAMP: Caller Identification\" leave it to the client where the realm allows it.",
    },
    Difference {
        scripts: &[
            "pubsub/retained_event",
            "pubsub/retained_event_is_live_first",
            "pubsub/retained_event_outlives_its_publisher",
        ],
        theirs: "A retained event has another publication id each time it is delivered.",
        ours: "It is one publication, by which receivers know that they have seen it.",
    },
    Difference {
        scripts: &[
            "pubsub/retained_event_is_for_whom_it_was",
            "pubsub/retained_events_of_a_pattern",
        ],
        theirs: "A subscription by pattern receives no retained event.",
        ours: "\"WAMP: Event Retention\" makes no exception for patterns.",
    },
    Difference {
        scripts: &["pubsub/retained_event_for_some_leaves_the_one_for_all"],
        theirs: "A retained event with a list of receivers fails inside, and SUBSCRIBE is not answered.",
        ours: "It is delivered to those on the list.",
    },
    Difference {
        scripts: &["pubsub/retained_event_is_not_for_its_publisher"],
        theirs: "The publisher receives its own retained event.",
        ours: "It is not delivered to whom it would not have been delivered live.",
    },
    Difference {
        scripts: &[
            "pubsub/retained_event_expires",
            "pubsub/retained_event_taken_back",
            "pubsub/retained_event_with_a_time_that_is_none",
            "pubsub/retained_events_purged",
        ],
        theirs: "A retained event has no time to live, and cannot be taken back.",
        ours: "Both are ours, beside the specification.",
    },
    Difference {
        scripts: &[
            "rpc/answer_before_the_timeout",
            "rpc/timeout",
            "rpc/timeout_with_a_callee_that_cannot_be_canceled",
            "rpc/timeout_forwarded_to_a_callee_that_cannot_keep_it",
            "rpc/concurrency_with_a_callee_that_cannot_be_canceled",
        ],
        theirs: "Every callee is told the timeout of a call.",
        ours: "`forward_timeout` is how a callee asks for it; to the others it would be a second clock for the same call.",
    },
    Difference {
        scripts: &[
            "rpc/callee_leaves_after_the_call_is_over",
            "rpc/cancel_skip",
            "rpc/cancel_with_a_callee_that_cannot",
            "rpc/no_progress_after_cancel",
            "rpc/late_answers_end_no_session",
        ],
        theirs: "CANCEL is not answered with mode skip, nor with a callee that cannot be interrupted.",
        ours: "\"WAMP: Call Canceling\": with skip the caller receives the error at once.",
    },
    Difference {
        scripts: &["rpc/cancel_kill_answered_with_error", "rpc/cancel_kill_answered_with_result"],
        theirs: "Once a call is killed, its caller receives an error without arguments, whatever the callee answers.",
        ours: "\"WAMP: Call Canceling\": with kill the caller receives what the callee answers, result or error.",
    },
    Difference {
        scripts: &["rpc/cancel_twice"],
        theirs: "A call that is killed cannot be given up any more.",
        ours: "A caller that no longer wants to wait may say so.",
    },
    Difference {
        scripts: &["rpc/cancel_without_mode"],
        theirs: "INTERRUPT for a CANCEL without mode has no mode.",
        ours: "The callee should know whether anybody waits for its answer.",
    },
    Difference {
        scripts: &["rpc/call_cancelling_with_two_l"],
        theirs: "`call_cancelling` is not understood.",
        ours: "The specification itself has both spellings.",
    },
    Difference {
        scripts: &[
            "rpc/progress_needs_a_callee_that_can_be_canceled",
            "rpc/progress_that_the_callee_was_not_asked_for",
        ],
        theirs: "Every callee is asked for progressive results.",
        ours: "\"WAMP: Progressive Call Results\": only one that has announced them, and call canceling.",
    },
    Difference {
        scripts: &["rpc/progress_nobody_asked_for"],
        theirs: "Pieces of a result that nobody asked for are dropped.",
        ours: "They break the protocol, as the section on progressive results has it.",
    },
    Difference {
        scripts: &["rpc/yield_that_answers_nothing"],
        theirs: "An answer to an invocation that was never given is ignored.",
        ours: "\"WAMP: Protocol Errors\": it ends the session.",
    },
    Difference {
        scripts: &["session/abort_is_not_answered", "session/unknown_realm"],
        theirs: "After ABORT or an unknown realm the transport stays open.",
        ours: "Nothing can follow but the end of it.",
    },
    Difference {
        scripts: &["session/an_option_that_is_null_is_absent"],
        theirs: "An option that is null is an option of the wrong type.",
        ours: "Clients in use send those they were not given as null.",
    },
    Difference {
        scripts: &["session/event_received_is_ignored"],
        theirs: "EVENT_RECEIVED ends the session.",
        ours: "Clients in use send it, and nothing depends on it.",
    },
    Difference {
        scripts: &[
            "session/hello_comes_first",
            "session/what_only_routers_send_before_hello",
            "session/second_hello",
            "session/nothing_is_processed_after_goodbye",
        ],
        theirs: "What comes before HELLO is ignored, and so is a second HELLO.",
        ours: "\"WAMP: Protocol Errors\" ends the session.",
    },
    Difference {
        scripts: &[
            "session/request_ids_lie_between_1_and_2_to_the_53",
            "session/request_ids_must_follow_each_other",
        ],
        theirs: "Request ids may be any number.",
        ours: "\"WAMP: IDs\": from one, without gaps; a realm of ours may be told to be lenient.",
    },
    Difference {
        scripts: &["pubsub/topics_are_bounded"],
        theirs: "A URI may be of any length, with any characters but space.",
        ours: "Without bounds one client can fill the router's tables with one message.",
    },
    Difference {
        scripts: &["pubsub/history_switched_off"],
        theirs: "History that is not kept is an error of its own.",
        ours: "A realm without history does not have the procedure, as with any other.",
    },
    Difference {
        scripts: &[
            "rpc/callee_joins_while_calls_wait",
            "rpc/callee_leaves_while_calls_wait",
            "rpc/callee_unregisters_while_calls_wait",
            "rpc/caller_leaves_while_its_calls_wait",
            "rpc/cancel_while_waiting",
            "rpc/concurrency",
            "rpc/concurrency_after_cancel",
            "rpc/concurrency_and_progressive_results",
            "rpc/concurrency_counts_each_procedure",
            "rpc/concurrency_first_come_first_served",
            "rpc/concurrency_of_several_callees",
            "rpc/force_reregister_while_calls_wait",
            "rpc/timeout_while_waiting",
        ],
        theirs: "Calls beyond the concurrency of the callees are refused with `single` and `roundrobin`, and with other policies it is not kept.",
        ours: "They wait, first come first served, up to a bound.",
    },
    Difference {
        scripts: &["rpc/concurrency_of_nothing", "rpc/force_reregister_that_is_refused"],
        theirs: "A concurrency of zero closes the transport.",
        ours: "It is an argument that makes no sense, and the session goes on.",
    },
    Difference {
        scripts: &["rpc/force_reregister"],
        theirs: "The reason of the revocation is `wamp.error.unregistered`.",
        ours: "Nothing went wrong: the reason says what has happened.",
    },
    Difference {
        scripts: &["rpc/force_reregister_of_a_shared_procedure"],
        theirs: "Not all former callees are told.",
        ours: "All of them are.",
    },
    Difference {
        scripts: &["rpc/force_reregister_without_revocation"],
        theirs: "A callee is told of the revocation that has not announced it.",
        ours: "\"WAMP: Registration Revocation\": only one that has.",
    },
    Difference {
        scripts: &["session/authenticate_without_challenge"],
        theirs: "AUTHENTICATE in an open session is `wamp.error.not_authorized`.",
        ours: "Nothing is to be authorized: it breaks the protocol.",
    },
    Difference {
        scripts: &["session/features_are_announced_by_true"],
        theirs: "A feature that is not `true` or `false` ends the session, and so does a role that nobody knows.",
        ours: "Clients of a later specification have to be let in.",
    },
    Difference {
        scripts: &["session/goodbye_with_any_reason"],
        theirs: "A reason that is no URI closes the transport.",
        ours: "The session ends anyway: it is answered.",
    },
    Difference {
        scripts: &["session/ids_may_be_written_as_floats"],
        theirs: "An id that is written as a floating point number closes the transport.",
        ours: "Some languages have no other numbers.",
    },
    Difference {
        scripts: &["session/options_of_the_wrong_type"],
        theirs: "The types of some options are not checked, such as `disclose_me` of CALL.",
        ours: "A client learns of its mistake at once, whatever the option.",
    },
];
