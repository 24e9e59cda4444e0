// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// The twin of contract.ts: the same work and the same digests, as Solidity would have it. Loops are
/// unchecked and compiled through IR with the optimiser, which is what favours the EVM most.
contract Workloads {
    mapping(address => uint256) private balances;

    event Transfer(address indexed from, address indexed to, uint256 value);
    error InsufficientBalance(address account, uint256 balance, uint256 needed);

    uint256 private constant LIMB = 0xffffffffffffffff;
    uint256 private constant MASK = 0xffffffff;

    function next(uint256 state) private pure returns (uint256) {
        unchecked {
            return (state * 6364136223846793005 + 1442695040888963407) & LIMB;
        }
    }

    function generate(uint64 rounds) external pure returns (uint64) {
        unchecked {
            uint256 state = 1;
            for (uint256 round = 0; round < rounds; ++round) state = next(state);
            return uint64(state);
        }
    }

    function hashChain(uint64 rounds) external pure returns (uint256 word) {
        word = 1;
        assembly ("memory-safe") {
            for { let round := 0 } lt(round, rounds) { round := add(round, 1) } {
                mstore(0, word)
                word := keccak256(0, 32)
            }
        }
    }

    /// Remco Bloemen's: https://xn--2-umb.com/21/muldiv (MIT).
    function mulDiv(uint256 x, uint256 y, uint256 denominator) private pure returns (uint256) {
        unchecked {
            uint256 low = x * y;
            uint256 high;
            assembly ("memory-safe") {
                let mm := mulmod(x, y, not(0))
                high := sub(sub(mm, low), lt(mm, low))
            }
            require(denominator > high);
            if (high == 0) return low / denominator;
            uint256 remainder = mulmod(x, y, denominator);
            if (remainder > low) high -= 1;
            low -= remainder;
            uint256 twos = denominator & (0 - denominator);
            denominator /= twos;
            low /= twos;
            twos = (0 - twos) / twos + 1;
            low |= high * twos;
            uint256 inverse = (3 * denominator) ^ 2;
            inverse *= 2 - denominator * inverse;
            inverse *= 2 - denominator * inverse;
            inverse *= 2 - denominator * inverse;
            inverse *= 2 - denominator * inverse;
            inverse *= 2 - denominator * inverse;
            inverse *= 2 - denominator * inverse;
            return low * inverse;
        }
    }

    function logarithm(uint256 x) private pure returns (uint256 result) {
        unchecked {
            for (uint256 bit = 64; bit > 0; --bit) {
                x = x * x;
                uint256 isAbove = x >> 255;
                x >>= 127 + isAbove;
                result |= isAbove << (bit - 1);
            }
        }
    }

    function fixedPoint(uint64 rounds) external pure returns (uint256 sum) {
        unchecked {
            uint256 state = 1;
            for (uint256 round = 0; round < rounds; ++round) {
                state = next(state);
                uint256 left = (0x1000000000000 << 192) | (state << 128) | (1 << 64) | state;
                uint256 right = (0x2000000000000 << 192) | (state << 64) | 7;
                uint256 quotient =
                    mulDiv(left, right, (0x8000000000000000 << 192) | (3 << 128) | state);
                uint256 scaled = (1 << 127) | (state << 64) | (quotient & LIMB);
                sum += quotient + logarithm(scaled);
            }
        }
    }

    function median(uint64 rounds) external pure returns (uint64) {
        unchecked {
            int256[31] memory values;
            uint256 state = 1;
            uint256 sum = 0;
            for (uint256 round = 0; round < rounds; ++round) {
                for (uint256 index = 0; index < 31; ++index) {
                    state = next(state);
                    int256 value = int256(int64(uint64(state))) >> 1;
                    uint256 place = index;
                    while (place > 0 && values[place - 1] > value) {
                        values[place] = values[place - 1];
                        --place;
                    }
                    values[place] = value;
                }
                sum += uint256(values[15]);
            }
            return uint64(sum);
        }
    }

    function sort(uint64 rounds) external pure returns (uint64) {
        unchecked {
            uint256[] memory values = new uint256[](1000);
            uint256 state = 1;
            uint256 sum = 0;
            for (uint256 round = 0; round < rounds; ++round) {
                for (uint256 index = 0; index < 1000; ++index) {
                    state = next(state);
                    values[index] = state >> 32;
                }
                for (uint256 gap = 500; gap > 0; gap >>= 1) {
                    for (uint256 index = gap; index < 1000; ++index) {
                        uint256 value = values[index];
                        uint256 place = index;
                        while (place >= gap && values[place - gap] > value) {
                            values[place] = values[place - gap];
                            place -= gap;
                        }
                        values[place] = value;
                    }
                }
                for (uint256 index = 0; index < 1000; ++index) sum += values[index] * index;
            }
            return uint64(sum);
        }
    }

    bytes private constant CONSTANTS =
        hex"428a2f9871374491b5c0fbcfe9b5dba53956c25b59f111f1923f82a4ab1c5ed5"
        hex"d807aa9812835b01243185be550c7dc372be5d7480deb1fe9bdc06a7c19bf174"
        hex"e49b69c1efbe47860fc19dc6240ca1cc2de92c6f4a7484aa5cb0a9dc76f988da"
        hex"983e5152a831c66db00327c8bf597fc7c6e00bf3d5a7914706ca635114292967"
        hex"27b70a852e1b21384d2c6dfc53380d13650a7354766a0abb81c2c92e92722c85"
        hex"a2bfe8a1a81a664bc24b8b70c76c51a3d192e819d6990624f40e3585106aa070"
        hex"19a4c1161e376c082748774c34b0bcb5391c0cb34ed8aa4a5b9cca4f682e6ff3"
        hex"748f82ee78a5636f84c878148cc7020890befffaa4506cebbef9a3f7c67178f2";

    /// A rotation takes the right half of a word that holds its 32 bits twice.
    function compress(uint256[8] memory state, uint256[64] memory w, bytes memory k) private pure {
        unchecked {
            for (uint256 index = 16; index < 64; ++index) {
                uint256 late = w[index - 2];
                uint256 early = w[index - 15];
                uint256 wide1 = late | (late << 32);
                uint256 wide0 = early | (early << 32);
                w[index] = (((wide1 >> 17) ^ (wide1 >> 19) ^ (late >> 10)) + w[index - 7]
                    + (((wide0 >> 7) ^ (wide0 >> 18) ^ (early >> 3)) & MASK) + w[index - 16]) & MASK;
            }
            (uint256 a, uint256 b, uint256 c, uint256 d) = (state[0], state[1], state[2], state[3]);
            (uint256 e, uint256 f, uint256 g, uint256 h) = (state[4], state[5], state[6], state[7]);
            for (uint256 index = 0; index < 64; ++index) {
                uint256 constant_;
                assembly ("memory-safe") {
                    constant_ := and(mload(add(add(k, 4), shl(2, index))), 0xffffffff)
                }
                uint256 wide = e | (e << 32);
                uint256 first = h + (((wide >> 6) ^ (wide >> 11) ^ (wide >> 25)) & MASK)
                    + ((e & f) ^ (~e & g)) + constant_ + w[index];
                wide = a | (a << 32);
                uint256 second = (((wide >> 2) ^ (wide >> 13) ^ (wide >> 22)) & MASK)
                    + ((a & b) ^ (a & c) ^ (b & c));
                h = g;
                g = f;
                f = e;
                e = (d + first) & MASK;
                d = c;
                c = b;
                b = a;
                a = (first + second) & MASK;
            }
            state[0] = (state[0] + a) & MASK;
            state[1] = (state[1] + b) & MASK;
            state[2] = (state[2] + c) & MASK;
            state[3] = (state[3] + d) & MASK;
            state[4] = (state[4] + e) & MASK;
            state[5] = (state[5] + f) & MASK;
            state[6] = (state[6] + g) & MASK;
            state[7] = (state[7] + h) & MASK;
        }
    }

    function sha256(uint64 rounds) external pure returns (uint256 digest) {
        unchecked {
            uint256[8] memory state = [
                uint256(0x6a09e667), 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19
            ];
            uint256[64] memory w;
            bytes memory k = CONSTANTS;
            for (uint256 round = 0; round < rounds; ++round) {
                // The schedule overwrites nothing below 16: the block stays zero.
                compress(state, w, k);
            }
            w[0] = 0x80000000;
            w[14] = uint256(rounds) >> 23;
            w[15] = (uint256(rounds) << 9) & MASK;
            compress(state, w, k);
            for (uint256 index = 0; index < 8; ++index) digest = (digest << 32) | state[index];
        }
    }

    function mint(uint256 amount) external returns (bool) {
        balances[msg.sender] = amount;
        return true;
    }

    function transfers(uint64 rounds) external returns (uint256) {
        for (uint256 round = 0; round < rounds; ++round) {
            address to = address(uint160(0x100000000 + round));
            uint256 amount = 1;
            uint256 balance = balances[msg.sender];
            if (balance < amount) revert InsufficientBalance(msg.sender, balance, amount);
            unchecked {
                balances[msg.sender] = balance - amount;
            }
            balances[to] += amount;
            emit Transfer(msg.sender, to, amount);
        }
        return balances[msg.sender];
    }

    function nest(uint64 depth) external view returns (uint64) {
        return depth == 0 ? 0 : this.nest(depth - 1) + 1;
    }

    function calls(uint64 rounds) external view returns (uint64 sum) {
        unchecked {
            for (uint256 round = 0; round < rounds; ++round) sum += this.nest(7);
        }
    }
}
