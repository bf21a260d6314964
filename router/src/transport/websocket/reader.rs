//! From the frames of a client to its messages (RFC 6455, sections 5.4 to 6.2).

use super::frame::{FrameError, Header, Kind, Mask, Opcode, is_close_code};
use crate::transport::{
    Lost,
    incoming::{Body, Framing},
    workspace::Arena,
};
use bytes::Bytes;
use std::{io, str};

/// The code of a close frame that says that the other side broke the protocol.
const PROTOCOL_ERROR: u16 = 1002;

/// What a client says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// A data message. Text is UTF-8.
    Message(Kind, Bytes),
    /// It wants to see this again.
    Ping(Bytes),
    /// It says nothing more, and this is the code to answer, if it gave one.
    Close(Option<u16>),
}

/// Puts frames together. The limit is that of a message, and so of each of its frames.
#[derive(Debug)]
pub(super) struct Reader {
    limit: usize,
    /// The kind of the message that was begun, unless it came in one piece.
    kind: Option<Kind>,
    /// What has come of that message.
    body: Body,
    /// How much of it is unmasked.
    unmasked: usize,
    /// How much of it is known to be UTF-8, if it is text.
    checked: usize,
    /// The mask of the byte that arrives next.
    mask: Mask,
    /// Whether the frame that arrives is the last one of its message; `None` between frames.
    arriving: Option<bool>,
}

impl Reader {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            kind: None,
            body: Body::default(),
            unmasked: 0,
            checked: 0,
            mask: Mask::default(),
            arriving: None,
        }
    }

    /// Sets the longest message that is received from now on; a frame that has begun may go on.
    pub(super) const fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Takes the next frame from the front of `input`, whose header was read already.
    fn frame(
        &mut self,
        header: &Header,
        input: &mut &[u8],
        arena: &mut Arena,
    ) -> Result<Option<Said>, Lost> {
        let kind = match (header.opcode, self.kind) {
            (Opcode::Data(kind), None) | (Opcode::Continuation, Some(kind)) => kind,
            (Opcode::Data(_), Some(_)) => return Err(FrameError::Interrupted.into()),
            (Opcode::Continuation, None) => return Err(FrameError::NothingToContinue.into()),
            (control, _) => {
                let payload = take(input, header, arena).unwrap_or_default();
                return Ok(said(control, payload)?);
            }
        };
        let length = self.body.bytes().len().saturating_add(header.length);
        if length > self.limit {
            return Err(Lost::TooLong { length, limit: self.limit });
        }
        // Most messages come in one frame, and that in one piece.
        if header.is_final
            && self.kind.is_none()
            && let Some(message) = take(input, header, arena)
        {
            if kind == Kind::Text && str::from_utf8(&message).is_err() {
                return Err(FrameError::NotText.into());
            }
            return Ok(Some(Said::Message(kind, message)));
        }
        self.kind = Some(kind);
        self.mask = header.mask;
        self.arriving = Some(header.is_final);
        self.body.expect(header.length);
        Ok(None)
    }

    /// Takes what has come of the frame that arrives; gives the message if it ends with that.
    fn receive(&mut self, is_final: bool, input: &mut &[u8]) -> Result<Option<Said>, FrameError> {
        self.body.take(input);
        self.mask = self.mask.undo(&mut self.body.bytes_mut()[self.unmasked..]);
        self.unmasked = self.body.bytes().len();
        let is_whole = self.body.missing() == 0;
        if self.kind == Some(Kind::Text) {
            self.check_text(is_whole && is_final)?;
        }
        if is_whole {
            self.arriving = None;
        }
        if !is_whole || !is_final {
            return Ok(None);
        }
        (self.unmasked, self.checked) = (0, 0);
        let message = self.body.finish();
        Ok(self.kind.take().map(|kind| Said::Message(kind, message)))
    }

    /// Checks the text as far as it has come: what is wrong with it does not wait for its end.
    fn check_text(&mut self, is_whole: bool) -> Result<(), FrameError> {
        match str::from_utf8(&self.body.bytes()[self.checked..]) {
            Ok(text) => self.checked += text.len(),
            // A character that is cut in two may be completed.
            Err(error) if error.error_len().is_none() && !is_whole => {
                self.checked += error.valid_up_to();
            }
            Err(_) => return Err(FrameError::NotText),
        }
        Ok(())
    }
}

impl Framing for Reader {
    type Item = Said;

    fn advance(&mut self, input: &mut &[u8], arena: &mut Arena) -> Result<Option<Said>, Lost> {
        loop {
            if let Some(is_final) = self.arriving {
                let said = self.receive(is_final, input)?;
                if said.is_some() || self.arriving.is_some() {
                    return Ok(said);
                }
            }
            let Some((header, length)) = Header::read(input)? else { return Ok(None) };
            let is_control = header.opcode.is_control();
            if is_control && input.len() - length < header.length {
                return Ok(None);
            }
            *input = &input[length..];
            let said = self.frame(&header, input, arena)?;
            if said.is_some() {
                return Ok(said);
            }
        }
    }

    fn body(&self) -> &Body {
        &self.body
    }

    fn body_mut(&mut self) -> &mut Body {
        &mut self.body
    }

    fn at_end(&self, _unread: usize) -> Lost {
        // Whoever means to go says so.
        Lost::Broken(io::ErrorKind::ConnectionReset.into())
    }
}

/// Takes the payload of a frame from the front of `input`, if it is whole.
fn take(input: &mut &[u8], header: &Header, arena: &mut Arena) -> Option<Bytes> {
    let (payload, rest) = input.split_at_checked(header.length)?;
    *input = rest;
    Some(arena.copy(payload, |bytes| {
        header.mask.undo(bytes);
    }))
}

/// What a control frame says, if anything.
fn said(opcode: Opcode, payload: Bytes) -> Result<Option<Said>, FrameError> {
    match opcode {
        Opcode::Ping => Ok(Some(Said::Ping(payload))),
        Opcode::Close => match &*payload {
            [] => Ok(Some(Said::Close(None))),
            [_] => Err(FrameError::HalfACode),
            [high, low, reason @ ..] => {
                str::from_utf8(reason).map_err(|_| FrameError::NotText)?;
                let code = u16::from_be_bytes([*high, *low]);
                // A wrong code says goodbye as well as a right one, but it is not repeated.
                Ok(Some(Said::Close(Some(if is_close_code(code) { code } else { PROTOCOL_ERROR }))))
            }
        },
        Opcode::Pong | Opcode::Continuation | Opcode::Data(_) => Ok(None),
    }
}
