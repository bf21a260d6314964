//! Tying a proof to the encrypted connection it is shown on.

use alloc::vec::Vec;
use core::fmt;

/// How a proof is tied to a connection.
///
/// `tls-unique` is not among them: TLS 1.3 does not have it, and in TLS 1.2 it only binds with an extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BindingKind {
    /// Keying material exported from the connection (RFC 9266): 32 octets under the label
    /// `EXPORTER-Channel-Binding` with an empty context.
    TlsExporter,
    /// The hash of the router's certificate (RFC 5929, section 4).
    TlsServerEndPoint,
}

impl BindingKind {
    /// How messages spell it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TlsExporter => "tls-exporter",
            Self::TlsServerEndPoint => "tls-server-end-point",
        }
    }

    /// The kind that messages spell so.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::TlsExporter, Self::TlsServerEndPoint].into_iter().find(|kind| kind.as_str() == name)
    }
}

impl fmt::Display for BindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What identifies a connection, to both of its ends and to nobody in between.
#[derive(Clone, PartialEq, Eq)]
pub struct ChannelBinding {
    /// How it was had.
    pub kind: BindingKind,
    /// The identifying octets; 32 with [`BindingKind::TlsExporter`].
    pub data: Vec<u8>,
}

impl ChannelBinding {
    /// The binding to a connection from which these 32 octets were exported.
    #[must_use]
    pub fn tls_exporter(exported: [u8; 32]) -> Self {
        Self { kind: BindingKind::TlsExporter, data: exported.into() }
    }

    /// The octets, if there are as many as a signature can be bound to.
    pub(crate) fn id(&self) -> Option<[u8; 32]> {
        <[u8; 32]>::try_from(&*self.data).ok()
    }
}

impl fmt::Debug for ChannelBinding {
    /// Does not show the octets: who has them could pretend to be on the same connection.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChannelBinding").field("kind", &self.kind).finish_non_exhaustive()
    }
}
