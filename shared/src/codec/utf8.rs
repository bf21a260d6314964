//! Text that stays bytes: making a `str` of it means to look at every byte once more.

/// Bytes that were checked to be UTF-8.
#[derive(Clone, Copy, Debug)]
pub(super) struct Utf8<'b>(&'b [u8]);

impl<'b> Utf8<'b> {
    /// Checks the bytes. The error is how many of them are text. Most is ASCII, and that is quicker to find out.
    #[inline]
    pub(super) fn new(bytes: &'b [u8]) -> Result<Self, usize> {
        if is_ascii(bytes) {
            return Ok(Self(bytes));
        }
        match core::str::from_utf8(bytes) {
            Ok(_) => Ok(Self(bytes)),
            Err(e) => Err(e.valid_up_to()),
        }
    }

    #[inline]
    pub(super) const fn as_bytes(self) -> &'b [u8] {
        self.0
    }
}

impl<'b> From<&'b str> for Utf8<'b> {
    #[inline]
    fn from(text: &'b str) -> Self {
        Self(text.as_bytes())
    }
}

/// Whether all bytes are ASCII. As the standard library says it, but quicker for keys and other short text.
#[inline]
fn is_ascii(bytes: &[u8]) -> bool {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        if bytes.len() > 16 {
            return bytes.is_ascii();
        }
        return (u64::from_ne_bytes(*first) | u64::from_ne_bytes(*last)) & HIGH == 0;
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        let all = u32::from_ne_bytes(*first) | u32::from_ne_bytes(*last);
        return u64::from(all) & HIGH == 0;
    }
    bytes.iter().fold(0, |all, byte| all | byte) < 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_looked_at_whatever_the_length() {
        for len in 0..70 {
            let mut bytes = vec![b'a'; len];
            assert_eq!(Utf8::new(&bytes).map(Utf8::as_bytes), Ok(&bytes[..]));
            for at in 0..len {
                bytes[at] = 0xff;
                assert_eq!(Utf8::new(&bytes).err(), Some(at), "{len}");
                bytes[at] = b'a';
            }
        }
        assert!(Utf8::new("日本語".as_bytes()).is_ok());
    }
}
