// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// What echoWords returns, read as something else.
interface Disguised {
    function echoWords(uint256[] memory a)
        external
        view
        returns (uint8 offset, uint32 length, string memory label, bool[] memory flags, address owner);
}

/// The twin of contract.ts.
contract Twin {
    struct Point {
        uint8 small;
        string label;
        uint64 wide;
        address owner;
        uint32 count;
        uint256 whole;
        mapping(uint64 => bytes) deep;
        bool flag;
    }

    struct Outer {
        uint16 before;
        Point inner;
        uint16 later;
    }

    uint8 small;
    address owner;
    uint64 wide;
    uint32 count;
    string label;
    bytes data;
    bytes32 word;
    int256 signed;
    bool flag;
    uint256[] numbers;
    address[] owners;
    string[] texts;
    Outer outer;
    Point[] points;
    mapping(uint64 => mapping(address => Point)) byKey;
    mapping(bytes32 => mapping(bool => uint64)) sums;
    mapping(int256 => bool) flags;
    uint16 last;

    event Mixed(address indexed who, uint8 indexed log, string tail, bool flag, uint64[] list, bytes data);
    error Refused(bytes data, address[] list, string tail, uint64 code);

    function fill(Point storage point, uint64 key, address who, string memory text, bytes memory bits, uint256 whole)
        private
    {
        point.small = uint8(key);
        point.label = text;
        point.wide = key;
        point.owner = who;
        point.count = uint32(key);
        point.whole = whole;
        point.deep[key] = bits;
        point.flag = key & 1 != 0;
    }

    function store(
        uint64 key,
        address who,
        string memory text,
        bytes memory bits,
        uint256 whole,
        bytes32 word_,
        int256 signed_
    ) external {
        small = uint8(key);
        owner = who;
        wide = key;
        count = uint32(key);
        label = text;
        data = bits;
        word = word_;
        signed = signed_;
        flag = key & 1 != 0;
        numbers.push(whole);
        owners.push(who);
        texts.push(text);
        outer.before = uint16(key);
        fill(outer.inner, key, who, text, bits, whole);
        outer.later = uint16(key);
        fill(points.push(), key, who, text, bits, whole);
        fill(byKey[key][who], key, who, text, bits, whole);
        sums[word_][key & 1 != 0] = key;
        flags[signed_] = key & 1 != 0;
        last = uint16(key);
    }

    function remove() external {
        numbers.pop();
        owners.pop();
    }

    function deepOf(uint64 index, uint64 key) external view returns (bytes memory) { return points[index].deep[key]; }
    function textOf(uint64 index) external view returns (string memory) { return texts[index]; }
    function ownerOf(uint64 key, address who) external view returns (address) { return byKey[key][who].owner; }
    function sumOf(bytes32 key, bool second) external view returns (uint64) { return sums[key][second]; }
    function itemOf(uint32[] memory list, uint32 index) external pure returns (uint32) { return list[index]; }

    function echoBool(bool a) external pure returns (bool) { return a; }
    function echo8(uint8 a) external pure returns (uint8) { return a; }
    function echo16(uint16 a) external pure returns (uint16) { return a; }
    function echo32(uint32 a) external pure returns (uint32) { return a; }
    function echo64(uint64 a) external pure returns (uint64) { return a; }
    function echo256(uint256 a) external pure returns (uint256) { return a; }
    function echoSigned(int256 a) external pure returns (int256) { return a; }
    function echoWord(bytes32 a) external pure returns (bytes32) { return a; }
    function echoAddress(address a) external pure returns (address) { return a; }
    function echoText(string memory a) external pure returns (string memory) { return a; }
    function echoBytes(bytes memory a) external pure returns (bytes memory) { return a; }
    function echoFlags(bool[] memory a) external pure returns (bool[] memory) { return a; }
    function echoNumbers(uint64[] memory a) external pure returns (uint64[] memory) { return a; }
    function echoAddresses(address[] memory a) external pure returns (address[] memory) { return a; }
    function echoWords(uint256[] memory a) external pure returns (uint256[] memory) { return a; }

    function several(string memory label_, uint256 whole, uint64[] memory list, bytes memory bits)
        public
        pure
        returns (uint8, string memory, uint256, uint64[] memory, bool, bytes memory)
    {
        return (uint8(bits.length), label_, whole, list, list.length > 1, bits);
    }

    function askSeveral(string memory label_, uint256 whole, uint64[] memory list, bytes memory bits)
        external
        view
        returns (uint8, string memory, uint256, uint64[] memory, bool, bytes memory)
    {
        return this.several(label_, whole, list, bits);
    }

    function askText(string memory a) external view returns (string memory) { return this.echoText(a); }

    function askDisguised(uint256[] memory words)
        external
        view
        returns (uint8, uint32, string memory, bool[] memory, address)
    {
        return Disguised(address(this)).echoWords(words);
    }

    function raise(uint64 step) external returns (uint64 before, uint64 after_) {
        before = wide;
        unchecked { wide = before + (step >> 32); }
        after_ = wide;
    }

    function askRaise(uint64 step) external returns (uint64 before, uint64 after_) {
        (before, after_) = this.raise(step);
        unchecked { before += 1; }
    }

    function mix(uint8 log, string memory tail, uint64[] memory list, address who, bytes memory bits, bool yes)
        external
        returns (uint256)
    {
        emit Mixed(who, log, tail, yes, list, bits);
        return uint160(who);
    }

    function refuse(bytes memory bits, address[] memory list, string memory tail, uint64 code) external pure {
        revert Refused(bits, list, tail, code);
    }
}
