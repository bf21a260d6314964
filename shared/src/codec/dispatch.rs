//! From a serializer to its reader or writer.

/// Runs `$body` with `$r`, a reader of `$input` in the format of `$serializer` that stands inside `$depth` lists.
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

/// Runs `$body` with `$w`, a writer that appends to `$out` in the format of `$serializer`.
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

pub(super) use {with_reader, with_writer};
