//! One or more messages of every kind, with every key of options and details among them.

use bytes::Bytes;
use wamplex_shared::{codec, message::Message, serializer::Serializer};

/// As JSON without white space, in the order in which we write keys.
pub(crate) const SAMPLES: &[&str] = &[
    r#"[1,"realm1",{"roles":{"subscriber":{},"publisher":{"features":{"publisher_exclusion":true}},"caller":{"features":{"progressive_call_results":true,"call_canceling":true}},"callee":{}},"agent":"x","authmethods":["ticket","wampcra"],"authid":"joe","authrole":"user","authextra":{"nonce":"abc","channel_binding":null},"x_own":[1,-2,0.5,true,null,"\u0000AQID",{"a":{}}]}]"#,
    r#"[2,9007199254740992,{"roles":{"broker":{},"dealer":{"features":{"call_canceling":true}}},"agent":"x","realm":"realm1","authid":"joe","authrole":"user","authmethod":"ticket","authprovider":"static","authextra":{"verifier":"v"},"x_cb_node":"n"}]"#,
    r#"[3,{"message":"no"},"wamp.error.no_such_realm"]"#,
    r#"[3,{},"wamp.error.no_such_realm",["realm1"],{"hint":"other"}]"#,
    r#"[4,"wampcra",{"challenge":"{\"nonce\":1}","salt":"s","keylen":32,"iterations":1000}]"#,
    r#"[5,"signature",{}]"#,
    r#"[6,{"message":"bye"},"wamp.close.close_realm"]"#,
    r#"[8,48,7,{"ppt_scheme":"x_own","x_more":1},"com.example.error",["a"],{"b":1}]"#,
    r#"[8,68,7,{},"com.example.error"]"#,
    r#"[16,1,{},"com.example.topic"]"#,
    r#"[16,2,{"acknowledge":true,"exclude_me":false,"exclude":[1,2],"exclude_authid":["a"],"exclude_authrole":["b"],"eligible":[],"eligible_authid":["c"],"eligible_authrole":["d"],"disclose_me":true,"retain":true,"rkey":"k","transaction_hash":"0x1","ppt_scheme":"mqtt","ppt_serializer":"native","ppt_cipher":"aes256gcm","ppt_keyid":"1","enc_algo":"cryptobox","enc_serializer":"cbor","enc_key":"k","forward_for":[{"session":3,"authid":"r","authrole":"router"}],"x_own":1},"com.example.topic",[1,-1,1.5,"text","\u0000AQIDBA==",null,true,[[]],{"k":{}}],{"key":[18446744073709551615,-9223372036854775808]}]"#,
    r#"[16,3,{"enc_algo":"x_own","enc_serializer":"opaque"},"com.example.topic","\u0000AQIDBA=="]"#,
    r#"[17,1,2]"#,
    r#"[32,1,{"match":"prefix","get_retained":true,"nkey":"k","forward_for":[],"x_own":1},"com.example."]"#,
    r#"[33,1,2]"#,
    r#"[34,1,2]"#,
    r#"[35,1]"#,
    r#"[35,0,{"subscription":5,"reason":"wamp.error.x","x_own":1}]"#,
    r#"[36,1,2,{"topic":"com.example.topic","publisher":3,"publisher_authid":"a","publisher_authrole":"b","trustlevel":0,"retained":true,"transaction_hash":"h","x_acknowledged_delivery":true,"forward_for":[],"ppt_scheme":"wamp"},["Hello"],{"world":2}]"#,
    r#"[48,1,{"receive_progress":true,"progress":true,"timeout":1000,"disclose_me":false,"rkey":"k","runmode":"partition","transaction_hash":"h","ppt_scheme":"wamp","forward_for":[],"x_own":1},"com.example.add2",[2,3]]"#,
    r#"[49,1,{"mode":"kill","x_own":1}]"#,
    r#"[50,1,{"progress":true,"ppt_scheme":"wamp","x_own":1},[5]]"#,
    r#"[64,1,{"match":"wildcard","invoke":"roundrobin","disclose_caller":true,"forward_timeout":true,"concurrency":4,"force_reregister":true,"forward_for":[],"x_own":1},"com..add2"]"#,
    r#"[65,1,2]"#,
    r#"[66,1,2]"#,
    r#"[67,1]"#,
    r#"[67,0,{"registration":5,"reason":"wamp.error.x","x_own":1}]"#,
    r#"[68,1,2,{"procedure":"com.example.add2","receive_progress":true,"progress":true,"timeout":5,"caller":9,"caller_authid":"a","caller_authrole":"b","trustlevel":3,"transaction_hash":"h","forward_for":[],"ppt_scheme":"wamp","x_own":1},[2,3],{}]"#,
    r#"[69,1,{"mode":"killnowait","reason":"wamp.error.canceled","x_own":1}]"#,
    r#"[70,1,{"progress":true,"ppt_scheme":"wamp","x_own":1},[],{"sum":5}]"#,
    r#"[337,2]"#,
];

/// The samples in one serializer.
pub(crate) fn frames(serializer: Serializer) -> Vec<(Message, Bytes)> {
    SAMPLES
        .iter()
        .map(|json| {
            let message =
                codec::decode(Serializer::Json, &Bytes::from_static(json.as_bytes())).unwrap();
            let frame = codec::encode(serializer, &message).unwrap();
            (codec::decode(serializer, &frame).unwrap(), frame)
        })
        .collect()
}
