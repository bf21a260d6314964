//! Certificates that are made when a test runs, and the files they are in.

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, date_time_ymd,
};
use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};
use wamplex_router::config::Tls;

/// What tells authorities and folders apart.
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// Who signs certificates.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key.
pub struct Signed {
    pub certificate: Certificate,
    pub key: KeyPair,
}

/// A folder of its own, which goes with it.
pub struct Folder(pub PathBuf);

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let name = format!("authority {}", COUNT.fetch_add(1, Ordering::Relaxed));
        params.distinguished_name.push(DnType::CommonName, name);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// A certificate for `localhost`, in the years from 2000 to `until`.
    pub fn sign_until(&self, until: i32, purpose: ExtendedKeyUsagePurpose) -> Signed {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(until, 1, 1);
        params.extended_key_usages = vec![purpose];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Signed { certificate, key }
    }

    /// The certificate of a router.
    pub fn sign_server(&self) -> Signed {
        self.sign_until(4000, ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// The certificate of a client.
    pub fn sign_client(&self) -> Signed {
        self.sign_until(4000, ExtendedKeyUsagePurpose::ClientAuth)
    }

    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// A client that trusts this authority, and shows `identity` if it is asked.
    pub fn connector(&self, identity: Option<&Signed>) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(self.0.der().to_vec())).unwrap();
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let config = match identity {
            None => builder.with_no_client_auth(),
            Some(signed) => {
                let key = PrivatePkcs8KeyDer::from(signed.key.serialize_der());
                let chain = vec![signed.certificate.der().clone()];
                builder.with_client_auth_cert(chain, PrivateKeyDer::Pkcs8(key)).unwrap()
            }
        };
        TlsConnector::from(Arc::new(config))
    }
}

impl Folder {
    pub fn new() -> Self {
        let name = format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// Puts a certificate and its key where [`tls`](Self::tls) finds them.
    pub fn install(&self, signed: &Signed) {
        self.write("certificate.pem", &signed.certificate.pem());
        self.write("key.pem", &signed.key.serialize_pem());
    }

    /// Encryption with what was installed.
    pub fn tls(&self) -> Tls {
        Tls::new(self.0.join("certificate.pem"), self.0.join("key.pem"))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}
