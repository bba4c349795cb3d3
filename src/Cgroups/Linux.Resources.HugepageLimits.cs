using OciRun.Spec;

namespace OciRun.Cgroups;

internal sealed partial class CgroupSettings
{
    private void AddHugepageLimits(HugepageLimit[] limits)
    {
        for (int i = 0; i < limits.Length; i++)
        {
            string size = limits[i].PageSize.IsNull ? "" : limits[i].PageSize.ToString();
            if (!IsPageSize(size))
            {
                Refuse($"hugepageLimits[{i}].pageSize", size, "not a page size", "write it as 64KB, 2MB or 1GB");
                continue;
            }

            // Pages that are reserved but not yet used count only in the second file (Linux 5.7).
            string field = $"{Prefix}hugepageLimits[{i}]";
            string text = Text(limits[i].Limit);
            string value = $"{size} {text}";
            _all.Add(new CgroupSetting(field, value, $"hugetlb.{size}.max", text));
            _all.Add(new CgroupSetting(field, value, $"hugetlb.{size}.rsvd.max", text) { IsOptional = true });
        }
    }

    // As the kernel spells it in the file's name, and nothing that names another file.
    private static bool IsPageSize(string size)
    {
        int digits = 0;
        while (digits < size.Length && char.IsAsciiDigit(size[digits]))
            digits++;
        return digits > 0 && size[0] != '0' && size[digits..] is "KB" or "MB" or "GB";
    }
}
