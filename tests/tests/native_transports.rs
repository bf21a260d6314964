//! The native client against the router over every transport that both of them have, in every serializer.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests are tests")]

use core::time::Duration;
use futures_util::StreamExt as _;
use std::{fs, path::PathBuf};
use tokio::time::timeout;
use wamplex::{Args, Client, Connect, Delivery, Error, Serializer, Tls, WampError};
use wamplex_router::{
    Router, RouterHandle,
    config::{self, Endpoint, ListenerConfig, Site},
};

/// After this a test has failed; nothing here takes a hundredth of it.
const PATIENCE: Duration = Duration::from_secs(120);

struct Served {
    websocket: String,
    rawsocket: String,
    unix: String,
    /// Where everything is encrypted, and whom to trust there.
    encrypted: String,
    tls: Tls,
    router: RouterHandle,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.router.shutdown();
    }
}

async fn serve(name: &str) -> Served {
    let path: PathBuf =
        std::env::temp_dir().join(format!("wamplex-native-{}-{name}.sock", std::process::id()));
    let mut config = wamplex_tests::harness::patient_config();
    config.listeners.push(ListenerConfig {
        endpoint: Endpoint::Unix(path.clone()),
        ..ListenerConfig::default()
    });
    let (listener, tls, files) = encrypted(name);
    config.listeners.push(listener);
    for listener in &mut config.listeners {
        listener.site = Site::Nothing;
        listener.keep_alive.interval = None;
    }
    let router = Router::bind(config).await.unwrap();
    files.iter().for_each(|file| fs::remove_file(file).unwrap());
    let [_, _, Endpoint::Tcp(encrypted)] = &router.endpoints()[..] else { panic!() };
    let served = Served {
        websocket: router.websocket_url(),
        rawsocket: format!("rs://{}", router.local_addr()),
        unix: format!("rs://unix:{}", path.display()),
        encrypted: format!("://localhost:{}", encrypted.port()),
        tls,
        router: router.handle(),
    };
    tokio::spawn(router.run());
    served
}

/// A listener with a certificate of its own for `localhost`, and what trusts it.
fn encrypted(name: &str) -> (ListenerConfig, Tls, [PathBuf; 2]) {
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let file = |kind: &str| {
        std::env::temp_dir().join(format!("wamplex-native-{}-{name}.{kind}", std::process::id()))
    };
    let (certificate, key) = (file("certificate"), file("key"));
    fs::write(&certificate, certified.cert.pem()).unwrap();
    fs::write(&key, certified.signing_key.serialize_pem()).unwrap();
    let listener = ListenerConfig {
        tls: Some(config::Tls::new(&certificate, &key)),
        ..ListenerConfig::on(([127, 0, 0, 1], 0))
    };
    (listener, Tls::trusting(certified.cert.pem()).unwrap(), [certificate, key])
}

impl Served {
    /// One way to connect after another, with its name.
    fn ways(&self) -> Vec<(&'static str, Connect)> {
        let at = |url: &String| Client::builder(url).realm("realm1");
        vec![
            ("websocket", at(&self.websocket)),
            ("batched", at(&self.websocket).batched(true)),
            ("rawsocket", at(&self.rawsocket)),
            ("unix", at(&self.unix)),
            ("wss", at(&format!("wss{}/ws", self.encrypted)).tls(self.tls.clone())),
            ("rss", at(&format!("rss{}", self.encrypted)).tls(self.tls.clone())),
        ]
    }

    async fn clients(&self) -> Vec<(String, Client)> {
        let mut clients = Vec::new();
        for (way, builder) in self.ways() {
            for serializer in Serializer::ALL {
                let client = builder.clone().serializers([serializer]).connect().await.unwrap();
                assert_eq!(client.serializer(), serializer, "{way}");
                clients.push((format!("{way} {serializer}"), client));
            }
        }
        clients
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_reach_everybody_in_order_whatever_carries_them() {
    const EVENTS: u64 = 200;
    let served = serve("events").await;
    let clients = served.clients().await;
    let mut readers = Vec::new();
    for (name, client) in &clients {
        readers.push((name, client.subscribe::<(u64, String)>("com.example.t").await.unwrap()));
    }
    let (_, publisher) = &clients[0];
    let text = |n: u64| "x".repeat(usize::try_from(n * 37 % 5000).unwrap());
    for n in 0..EVENTS {
        publisher.publish("com.example.t").args(((n, text(n)),)).exclude_me(false).await.unwrap();
    }
    for (name, reader) in &mut readers {
        for n in 0..EVENTS {
            let delivery = timeout(PATIENCE, reader.next()).await.unwrap().unwrap().unwrap();
            let Delivery::Event(event) = delivery else { panic!("{name}: {delivery:?}") };
            assert!(event.data == (n, text(n)), "{name}: event {n}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_calls_everybody_with_arguments_of_any_length() {
    let served = serve("calls").await;
    let clients = served.clients().await;
    for (at, (_, client)) in clients.iter().enumerate() {
        let echo = |Args((value,)): Args<(String,)>| async move { Ok::<_, WampError>(value) };
        client.register(format!("com.example.echo{at}"), echo).await.unwrap().detach();
    }
    for (name, caller) in &clients {
        for at in 0..clients.len() {
            for length in [0, 1, 70_000] {
                let argument = "x".repeat(length);
                let call = caller.call(format!("com.example.echo{at}")).args((argument.as_str(),));
                let answer: String = timeout(PATIENCE, call.get()).await.unwrap().unwrap();
                assert!(answer == argument, "{name} calls {at}");
            }
        }
    }
    for (_, client) in clients {
        client.leave().await.unwrap();
    }
}

#[tokio::test]
async fn a_call_that_is_too_long_for_its_callee_is_an_error_of_the_caller() {
    let served = serve("lengths").await;
    let callee = Client::builder(&served.rawsocket).realm("realm1").max_message_size(4096);
    let callee = callee.connect().await.unwrap();
    let length = |Args((value,)): Args<(String,)>| async move { Ok::<_, WampError>(value.len()) };
    let registration = callee.register("com.example.length", length).await.unwrap();
    let caller = Client::builder(&served.websocket).realm("realm1").connect().await.unwrap();
    let call = async |length: usize| {
        let argument = "x".repeat(length);
        caller.call("com.example.length").args((argument.as_str(),)).get::<usize>().await
    };
    assert_eq!(call(3000).await.unwrap(), 3000);
    let error = call(5000).await.unwrap_err();
    assert_eq!(error.uri(), "wamp.error.payload_size_exceeded", "{error:?}");
    assert!(matches!(error, Error::Wamp(_)));
    assert_eq!(call(3000).await.unwrap(), 3000, "the callee has noticed nothing");
    registration.unregister().await.unwrap();
}
