/// What dictionaries with the same keys in the same order have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape(u32);

impl Shape {
    /// That with one more key, which was found in a slot. Once there was one without, it stays 0.
    #[inline(always)]
    pub(super) const fn with(self, slot: usize) -> Self {
        // Odd numbers have no part in making zeros.
        let factor = if slot == 0 { 0 } else { (slot as u32).wrapping_mul(0x9e37_79b1) | 1 };
        Self(self.0.rotate_left(5).wrapping_mul(factor))
    }

    /// It is below 1024, and 0 if there are no keys.
    pub(super) const fn number(self) -> u32 {
        self.0 >> 22
    }
}

impl Default for Shape {
    fn default() -> Self {
        Self(1)
    }
}
