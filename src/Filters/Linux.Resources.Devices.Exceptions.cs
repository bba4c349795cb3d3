using System;
using OciRun.Errors;
using OciRun.Spec;

namespace OciRun.Filters;

internal static partial class DeviceProgram
{
    /// <summary>One exception from the default: permissions of one key.</summary>
    /// <param name="Type">BPF_DEVCG_DEV_BLOCK or BPF_DEVCG_DEV_CHAR.</param>
    /// <param name="Major">Number, or <see cref="Any"/>.</param>
    /// <param name="Minor">Number, or <see cref="Any"/>.</param>
    /// <param name="Access">Bits of BPF_DEVCG_ACC_*.</param>
    /// <param name="Origin">Index of the rule that gave it, or <see cref="Default"/>.</param>
    private readonly record struct Exempt(byte Type, long Major, long Minor, byte Access, int Origin)
    {
        public const int Default = -1;

        public bool HasKey(byte type, long major, long minor) => Type == type && Major == major && Minor == minor;

        public override string ToString()
        {
            string major = Major == Any ? "*" : Major.ToString();
            string minor = Minor == Any ? "*" : Minor.ToString();
            string letters = ((Access & 2) != 0 ? "r" : "") + ((Access & 4) != 0 ? "w" : "") + ((Access & 1) != 0 ? "m" : "");
            return $"{(Type == Block ? 'b' : 'c')} {major}:{minor} {letters}";
        }
    }

    /// <summary>The default and the exceptions from it.</summary>
    private sealed class Exceptions
    {
        private const int MostDefaults = 11;
        private readonly DeviceRule[] _rules;
        private Exempt[] _list;

        public Exceptions(DeviceRule[] rules)
        {
            _rules = rules;
            _list = new Exempt[rules.Length + MostDefaults];
        }

        public bool DefaultAllow { get; private set; }

        public int Count { get; private set; }

        public Span<Exempt> List => _list.AsSpan(0, Count);

        public void Reset(bool allow)
        {
            DefaultAllow = allow;
            Count = 0;
        }

        public void Allow(in Exempt exempt)
        {
            if (DefaultAllow)
                Subtract(exempt);
            else
                Add(exempt);
        }

        public void Deny(in Exempt exempt)
        {
            if (DefaultAllow)
                Add(exempt);
            else
                Subtract(exempt);
        }

        public int Find(byte type, long major, long minor)
        {
            for (int i = 0; i < Count; i++)
            {
                if (_list[i].HasKey(type, major, minor))
                    return i;
            }

            return -1;
        }

        /// <summary>Access bits of exactly this key, 0 without one.</summary>
        public byte Access(byte type, long major, long minor)
        {
            int at = Find(type, major, minor);
            return at < 0 ? (byte)0 : _list[at].Access;
        }

        public void RemoveAt(int at)
        {
            Count--;
            _list.AsSpan(at + 1, Count - at).CopyTo(_list.AsSpan(at));
        }

        private void Add(in Exempt exempt)
        {
            int at = Find(exempt.Type, exempt.Major, exempt.Minor);
            if (at < 0)
            {
                if (Count == _list.Length)
                    Array.Resize(ref _list, Count * 2);
                _list[Count++] = exempt;
            }
            else
            {
                _list[at] = exempt with { Access = (byte)(exempt.Access | _list[at].Access) };
            }
        }

        private void Subtract(in Exempt exempt)
        {
            CheckHole(exempt, Any, exempt.Minor);
            CheckHole(exempt, exempt.Major, Any);
            CheckHole(exempt, Any, Any);
            int at = Find(exempt.Type, exempt.Major, exempt.Minor);
            if (at < 0)
                return;
            byte left = (byte)(_list[at].Access & ~exempt.Access);
            if (left == 0)
                RemoveAt(at);
            else
                _list[at] = _list[at] with { Access = left };
        }

        // The v1 controller ignores such a rule in silence, which leaves permissions that the list took away.
        private void CheckHole(in Exempt exempt, long major, long minor)
        {
            if (exempt.HasKey(exempt.Type, major, minor))
                return;
            int at = Find(exempt.Type, major, minor);
            if (at < 0 || (_list[at].Access & exempt.Access) == 0)
                return;
            Exempt wide = _list[at];
            string verb = DefaultAllow ? "allow" : "deny";
            string wider = DefaultAllow ? "deny" : "allow";
            throw new FaultException(exempt.Origin == Exempt.Default
                ? new Fault($"a container's default device \"{exempt}\" cannot be excepted from this wildcard")
                {
                    Field = $"{Field}[{wide.Origin}]",
                    Value = $"{wider} {wide}",
                    Hint = "start the list with a rule that denies everything, then allow what is needed",
                }
                : new Fault($"cannot punch hole in existing wildcard rule \"{wider} {wide}\"{Place(wide.Origin)}")
                {
                    Field = $"{Field}[{exempt.Origin}]",
                    Value = $"{verb} {exempt}",
                    Hint = "list the devices of the wildcard one by one, or drop this rule",
                });
        }

        private string Place(int origin) => origin >= 0 && origin < _rules.Length ? $" of {Field}[{origin}]" : "";
    }
}
