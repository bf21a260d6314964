//! From a serializer to its reader or writer.
//!
//! Programs get a copy of the code for each, with every step of the format inlined. A browser has to fetch the code
//! first, so there it exists once and asks a table of functions for every step.

/// Runs `$body` with `$r`, a reader of `$input` in the format of `$serializer` that stands inside `$depth` lists.
#[cfg(not(target_arch = "wasm32"))]
macro_rules! with_reader {
    ($serializer:expr, $input:expr, $depth:expr, $allowance:expr, |$r:ident| $body:expr) => {
        match $serializer {
            $crate::serializer::Serializer::Json => {
                let mut reader = $crate::codec::json::JsonReader::new($input, $depth, $allowance)?;
                let $r = &mut reader;
                $body
            }
            $crate::serializer::Serializer::MsgPack => {
                let mut reader =
                    $crate::codec::msgpack::MsgPackReader::new($input, $depth, $allowance);
                let $r = &mut reader;
                $body
            }
            $crate::serializer::Serializer::Cbor => {
                let mut reader = $crate::codec::cbor::CborReader::new($input, $depth, $allowance);
                let $r = &mut reader;
                $body
            }
        }
    };
}

/// Runs `$body` with `$r`, a reader of `$input` in the format of `$serializer` that stands inside `$depth` lists.
#[cfg(target_arch = "wasm32")]
macro_rules! with_reader {
    ($serializer:expr, $input:expr, $depth:expr, $allowance:expr, |$r:ident| $body:expr) => {{
        let (mut json, mut msgpack, mut cbor);
        let $r: &mut dyn $crate::codec::head::Reader<'_> = match $serializer {
            $crate::serializer::Serializer::Json => {
                json = $crate::codec::json::JsonReader::new($input, $depth, $allowance)?;
                &mut json
            }
            $crate::serializer::Serializer::MsgPack => {
                msgpack = $crate::codec::msgpack::MsgPackReader::new($input, $depth, $allowance);
                &mut msgpack
            }
            $crate::serializer::Serializer::Cbor => {
                cbor = $crate::codec::cbor::CborReader::new($input, $depth, $allowance);
                &mut cbor
            }
        };
        $body
    }};
}

/// Runs `$body` with `$w`, a writer that appends to `$out` in the format of `$serializer`.
#[cfg(not(target_arch = "wasm32"))]
macro_rules! with_writer {
    ($serializer:expr, $out:expr, |$w:ident| $body:expr) => {
        match $serializer {
            $crate::serializer::Serializer::Json => {
                let mut writer = $crate::codec::json::JsonWriter::new($out);
                let $w = &mut writer;
                $body
            }
            $crate::serializer::Serializer::MsgPack => {
                let mut writer = $crate::codec::msgpack::MsgPackWriter($out);
                let $w = &mut writer;
                $body
            }
            $crate::serializer::Serializer::Cbor => {
                let mut writer = $crate::codec::cbor::CborWriter($out);
                let $w = &mut writer;
                $body
            }
        }
    };
}

/// Runs `$body` with `$w`, a writer that appends to `$out` in the format of `$serializer`.
#[cfg(target_arch = "wasm32")]
macro_rules! with_writer {
    ($serializer:expr, $out:expr, |$w:ident| $body:expr) => {{
        let (mut json, mut msgpack, mut cbor);
        let $w: &mut dyn $crate::codec::head::Writer = match $serializer {
            $crate::serializer::Serializer::Json => {
                json = $crate::codec::json::JsonWriter::new($out);
                &mut json
            }
            $crate::serializer::Serializer::MsgPack => {
                msgpack = $crate::codec::msgpack::MsgPackWriter($out);
                &mut msgpack
            }
            $crate::serializer::Serializer::Cbor => {
                cbor = $crate::codec::cbor::CborWriter($out);
                &mut cbor
            }
        };
        $body
    }};
}

pub(super) use {with_reader, with_writer};
