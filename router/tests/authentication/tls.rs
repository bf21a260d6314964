//! What encryption knows of a client: its certificate, and the connection itself.

use super::{Client, Running, SEED, configured, denied};
use crate::common::{
    PATIENCE, Peer,
    certificates::{Authority, Folder, Signed},
};
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::{client::TlsStream, rustls::pki_types::ServerName};
use wamplex_router::{config::ClientCertificate, principals::Certificate};
use wamplex_shared::{
    auth::{ChannelBinding, cryptosign},
    codec,
    serializer::Serializer,
};

/// A router that knows who shows this certificate, and the folder of its own.
async fn encrypted(authority: &Authority, known: &Signed, more: &str) -> (Running, Folder) {
    let folder = Folder::new();
    folder.install(&authority.sign_server());
    let mut tls = folder.tls();
    tls.client_certificate = ClientCertificate::Optional;
    tls.client_ca = Some(folder.write("authority.pem", &authority.pem()));
    let shown = Certificate::from_der(known.certificate.der()).unwrap();
    let fingerprint: String = shown.fingerprint().iter().map(|b| format!("{b:02x}")).collect();
    let more = format!(
        "{more}\n[[principals]]\nauthid = \"machine\"\nrole = \"device\"\ncertificates = [{{ fingerprint = \"{fingerprint}\" }}]"
    );
    let router = configured(&["cryptosign", "tls", "ticket"], &more, |config| {
        config.listeners[0].tls = Some(tls);
    })
    .await;
    (router, folder)
}

async fn connect(
    router: &Running,
    authority: &Authority,
    shown: Option<&Signed>,
) -> Peer<TlsStream<TcpStream>> {
    let socket = TcpStream::connect(router.address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let connecting = authority.connector(shown).connect(name, socket);
    let stream = timeout(PATIENCE, connecting).await.unwrap().unwrap();
    Peer::over(stream, Serializer::Json).await
}

#[tokio::test]
async fn a_certificate_lets_its_principal_in_and_nobody_else() {
    let authority = Authority::new();
    let (known, other) = (authority.sign_client(), authority.sign_client());
    let (router, _folder) = encrypted(&authority, &known, "").await;

    let mut peer = connect(&router, &authority, Some(&known)).await;
    let welcome = Client::new("", &["tls"]).join(&mut peer).await;
    let found = (&welcome[2]["authid"], &welcome[2]["authrole"], &welcome[2]["authmethod"]);
    assert_eq!(found, (&json!("machine"), &json!("device"), &json!("tls")), "{welcome}");

    for (shown, authid, reason) in [
        (Some(&other), "", "wamp.error.authentication_denied"),
        (Some(&known), "joe", "wamp.error.authentication_denied"),
        (None, "machine", "wamp.error.no_matching_auth_method"),
    ] {
        let mut peer = connect(&router, &authority, shown).await;
        assert_eq!(Client::new(authid, &["tls"]).join(&mut peer).await[2], reason, "{authid}");
    }
    // Who shows one may do something else with the connection all the same.
    let mut peer = connect(&router, &authority, Some(&known)).await;
    assert_eq!(Client::new("joe", &["ticket"]).join(&mut peer).await[2]["authid"], "joe");
}

/// What is known of a connection at both of its ends only (RFC 9266).
fn exported(peer: &Peer<TlsStream<TcpStream>>) -> [u8; 32] {
    let (_, tls) = peer.socket.get_ref().get_ref();
    tls.export_keying_material([0; 32], b"EXPORTER-Channel-Binding", Some(b"")).unwrap()
}

/// Joins with a proof that is bound to what `exported` is.
async fn join_bound(peer: &mut Peer<TlsStream<TcpStream>>, exported: [u8; 32]) -> Value {
    let binding = ChannelBinding::tls_exporter(exported);
    let responder = cryptosign::Responder::new(cryptosign::Key::from_seed(&SEED));
    let responder = responder.bound_to(&binding).unwrap();
    let mut client = Client::new("joe", &["cryptosign"]);
    let key = cryptosign::Key::from_seed(&SEED).public().to_string();
    client.details = json!({"authextra": {"pubkey": key, "channel_binding": "tls-exporter"}});
    let challenge = client.begin(peer).await;
    if challenge[0] != 4 {
        return challenge;
    }
    assert_eq!(challenge[2]["channel_binding"], "tls-exporter");
    let answer = responder.respond(&super::typed(&challenge)).unwrap();
    let answer = codec::encode(Serializer::Json, &answer.into()).unwrap();
    peer.say(std::str::from_utf8(&answer).unwrap()).await;
    peer.hear().await
}

#[tokio::test]
async fn a_proof_that_is_bound_to_its_connection_is_of_no_use_on_another() {
    let authority = Authority::new();
    let known = authority.sign_client();
    let (router, _folder) = encrypted(&authority, &known, "").await;
    let mut peer = connect(&router, &authority, None).await;
    let own = exported(&peer);
    assert_eq!(join_bound(&mut peer, own).await[0], 2);

    // Somebody in between has a connection with each side, and passes on what is said.
    let between = connect(&router, &authority, None).await;
    let mut peer = connect(&router, &authority, None).await;
    assert_eq!(join_bound(&mut peer, exported(&between)).await[2], denied().0);
}

#[tokio::test]
async fn a_realm_can_demand_that_proofs_are_bound() {
    let authority = Authority::new();
    let known = authority.sign_client();
    let more = "[authentication.cryptosign]\nchannel_binding = \"required\"";
    let (router, _folder) = encrypted(&authority, &known, more).await;
    let mut peer = connect(&router, &authority, None).await;
    let abort = Client::new("joe", &["cryptosign"]).join(&mut peer).await;
    assert_eq!(abort[2], "wamp.error.authentication_denied");
    let message = "this realm takes only proofs that are bound to the TLS connection";
    assert_eq!(abort[1]["message"], message);
    let mut peer = connect(&router, &authority, None).await;
    let own = exported(&peer);
    assert_eq!(join_bound(&mut peer, own).await[0], 2);
}
