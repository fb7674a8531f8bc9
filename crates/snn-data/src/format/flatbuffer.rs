//! As much of FlatBuffers as AEDAT 4 needs (<https://flatbuffers.dev/internals>), with every offset
//! checked.

/// A table, of which fields are found by their number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Where each field is, from the start of the table; 0 is nowhere.
    fields: &'a [[u8; 2]],
}

impl<'a> Table<'a> {
    /// The root of a buffer that begins with its size and has an identifier.
    pub(super) fn root(bytes: &'a [u8], identifier: &[u8; 4]) -> Option<Self> {
        let (size, bytes) = bytes.split_first_chunk()?;
        let bytes = bytes.get(..u32::from_le_bytes(*size) as usize)?;
        if bytes.get(4..8)? != identifier {
            return None;
        }
        Self::at(bytes, u32_at(bytes, 0)? as usize)
    }

    fn at(bytes: &'a [u8], at: usize) -> Option<Self> {
        // The table begins with the distance back to its list of fields.
        let list = at.checked_add_signed(-(u32_at(bytes, at)?.cast_signed() as isize))?;
        let len = usize::from(u16::from_le_bytes(*bytes.get(list..)?.first_chunk()?));
        let (fields, _) = bytes.get(list..list.checked_add(len)?)?.get(4..)?.as_chunks();
        Some(Self { bytes, at, fields })
    }

    fn field(&self, number: usize) -> Option<usize> {
        let offset = u16::from_le_bytes(*self.fields.get(number)?);
        (offset != 0).then(|| self.at + usize::from(offset))
    }

    /// A field of 1 byte. `None` if it is not there.
    pub(super) fn i8(&self, number: usize) -> Option<i8> {
        self.bytes.get(self.field(number)?).copied().map(u8::cast_signed)
    }

    /// A field of 4 bytes. `None` if it is not there.
    pub(super) fn i32(&self, number: usize) -> Option<i32> {
        u32_at(self.bytes, self.field(number)?).map(u32::cast_signed)
    }

    /// A field of 8 bytes. `None` if it is not there.
    pub(super) fn i64(&self, number: usize) -> Option<i64> {
        let bytes = self.bytes.get(self.field(number)?..)?;
        Some(i64::from_le_bytes(*bytes.first_chunk()?))
    }

    /// Whether the field is there.
    pub(super) fn has(&self, number: usize) -> bool {
        self.field(number).is_some()
    }

    /// A list of elements of a size.
    pub(super) fn list(&self, number: usize, size: usize) -> Option<&'a [u8]> {
        self.elements(number, size).map(|(_, elements)| elements)
    }

    /// A list of tables. Those that are not in the buffer are `None`.
    pub(super) fn tables(
        &self,
        number: usize,
    ) -> Option<impl Iterator<Item = Option<Table<'a>>> + use<'a>> {
        let (first, offsets) = self.elements(number, 4)?;
        let bytes = self.bytes;
        // Each is found by its distance from where that is stored.
        Some((first..first + offsets.len()).step_by(4).map(move |at| {
            let distance = u32_at(bytes, at)? as usize;
            Table::at(bytes, at.checked_add(distance)?)
        }))
    }

    /// Elements of a list, and where they begin.
    fn elements(&self, number: usize, size: usize) -> Option<(usize, &'a [u8])> {
        let at = self.field(number)?;
        let at = at.checked_add(u32_at(self.bytes, at)? as usize)?;
        let len = (u32_at(self.bytes, at)? as usize).checked_mul(size)?;
        Some((at + 4, self.bytes.get(at + 4..)?.get(..len)?))
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}
